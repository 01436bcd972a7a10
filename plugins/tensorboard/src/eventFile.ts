import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GatheredWrites, gatheredWrites } from "jacoflow";
import { tensorboardErrors } from "./errors.js";
import { eventRecord, firstRecord, type Value } from "./event.js";

/** What a clock says of a step, in seconds since 1970. */
export type WallTime = (step: bigint) => number;

interface EventFile {
  readonly handle: FileHandle;
  readonly writes: GatheredWrites;
}

/** The event files of one input, one a TensorBoard run (a folder). Every write ends with a whole record. */
export class EventFiles {
  readonly #folder: string;
  readonly #wallTime: WallTime;
  readonly #files = new Map<string, EventFile>();

  constructor(folder: string, wallTime: WallTime) {
    this.#folder = folder;
    this.#wallTime = wallTime;
  }

  /** Appends values of one step; what an earlier write failed with comes here or at the end. Errors: TENSORBOARD_WRITE. */
  async append(run: string, step: bigint, values: readonly Value[]): Promise<void> {
    const { writes } = this.#files.get(run) ?? (await this.#open(run, step));
    await writes.write(eventRecord(this.#wallTime(step), step, values));
  }

  /** Waits for all that was appended. Errors: TENSORBOARD_WRITE. */
  async close(): Promise<void> {
    const ended = await Promise.allSettled(
      Array.from(this.#files.values(), async ({ handle, writes }) => {
        try {
          await writes.settled();
        } finally {
          await handle.close();
        }
      }),
    );
    this.#files.clear();
    const failed = ended.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #open(run: string, step: bigint): Promise<EventFile> {
    const path = join(this.#folder, run, "events.out.tfevents.0.jacoflow");
    const attempt = <Result>(work: Promise<Result>): Promise<Result> =>
      work.catch((error: unknown) => {
        throw tensorboardErrors.write(path, error);
      });
    await attempt(mkdir(dirname(path), { recursive: true }));
    const handle = await attempt(open(path, "w"));
    const writes = gatheredWrites((bytes) => attempt(handle.writeFile(bytes)));
    const file = { handle, writes };
    this.#files.set(run, file);
    await writes.write(firstRecord(this.#wallTime(step)));
    return file;
  }
}
