import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { tensorboardErrors } from "./errors.js";
import { eventRecord, firstRecord, type Value } from "./event.js";

/** What a clock says of a step, in seconds since 1970. */
export type WallTime = (step: bigint) => number;

/** The event files of one input, one a TensorBoard run (a folder). Every write ends with a whole record. */
export class EventFiles {
  readonly #folder: string;
  readonly #wallTime: WallTime;
  readonly #files = new Map<string, FileHandle>();

  constructor(folder: string, wallTime: WallTime) {
    this.#folder = folder;
    this.#wallTime = wallTime;
  }

  /** Appends values of one step. Errors: TENSORBOARD_WRITE. */
  async append(run: string, step: bigint, values: readonly Value[]): Promise<void> {
    const path = join(this.#folder, run, "events.out.tfevents.0.jacoflow");
    try {
      const file = this.#files.get(run) ?? (await this.#open(run, path, step));
      await file.writeFile(eventRecord(this.#wallTime(step), step, values));
    } catch (error) {
      throw tensorboardErrors.write(path, error);
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }

  async #open(run: string, path: string, step: bigint): Promise<FileHandle> {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(path, "w");
    this.#files.set(run, file);
    await file.writeFile(firstRecord(this.#wallTime(step)));
    return file;
  }
}
