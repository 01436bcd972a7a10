import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { filesBelow } from "../support/tables.js";
import type { Change, Fault } from "./brokenDisk.js";

/** What a power cut takes beside the bytes that nobody waited for: nothing, or also the names that nobody waited for. */
export const losses = ["bytes", "bytes and names"] as const;
export type Loss = (typeof losses)[number];

/** A power cut looks like a disk that lets nothing through any more, and takes what nobody waited for. */
export const powerCut: Fault = { code: "EIO", hits: () => true, once: false };

type Content = Buffer | undefined;

/**
 * Keeps, of every file below a folder, what it would hold after a power cut: the bytes that were there when it was last
 * synchronised. Of a folder, its names when it was last synchronised: what was made, renamed or removed since is undone.
 */
export class DurableFolder {
  readonly #folder: string;
  readonly #bytes = new Map<string, Buffer>();
  #names: { readonly path: string; readonly before: Content }[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Before a call that changes a name: what would be there if that change were lost. */
  readonly before = ({ call, path, from }: Change): void => {
    const isThere = existsSync(path) && statSync(path).isFile();
    // Of a path that is made with the folders it is in, each is a name in the one above.
    for (let made = path; call === "mkdir" && !existsSync(made); made = dirname(made))
      this.#names.push({ path: made, before: undefined });
    if (call === "open" && !existsSync(path)) this.#names.push({ path, before: undefined });
    if (call === "rm" && isThere) this.#names.push({ path, before: this.#durable(path) });
    if (call !== "rename" || from === undefined) return;
    this.#names.push({ path: from, before: this.#durable(from) });
    this.#names.push({ path, before: isThere ? this.#durable(path) : undefined });
    const moved = this.#bytes.get(from);
    this.#bytes.delete(from);
    if (moved === undefined) this.#bytes.delete(path);
    else this.#bytes.set(path, moved);
  };

  /** After a file or a folder was synchronised. */
  readonly after = ({ call, path }: Change): void => {
    if (call !== "sync" && call !== "datasync") return;
    if (statSync(path).isFile()) this.#bytes.set(path, readFileSync(path));
    else this.#names = this.#names.filter((name) => dirname(name.path) !== path);
  };

  /** Leaves the folder as a power cut does. */
  cut(loss: Loss): void {
    for (const name of filesBelow(this.#folder)) {
      const path = join(this.#folder, name);
      writeFileSync(path, this.#durable(path));
    }
    if (loss === "bytes") return;
    for (const { path, before } of this.#names.toReversed()) {
      if (before === undefined) rmSync(path, { recursive: true, force: true });
      else {
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, before);
      }
    }
  }

  #durable(path: string): Buffer {
    return this.#bytes.get(path) ?? Buffer.alloc(0);
  }
}
