import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Files by name, as one reader is given them together. */
export type Sample = Readonly<Record<string, Uint8Array>>;

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/** A folder whose files are those of the sample laid last; files that are the same array are not written again. */
export class SampleFolder {
  readonly path: string;
  #laid: Sample = {};

  constructor(path: string) {
    this.path = path;
  }

  /** The reader changed the files: all are written the next time. */
  forget(): void {
    this.#laid = {};
  }

  lay(sample: Sample): void {
    for (const [name, bytes] of Object.entries(sample)) {
      if (this.#laid[name] === bytes) continue;
      const path = join(this.path, name);
      if (name.includes("/") && this.#laid[name] === undefined) mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes);
    }
    this.#laid = sample;
  }
}
