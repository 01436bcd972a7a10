import { appendFile, type FileHandle, lstat, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GatheredWrites, gatheredWrites, refuseRemoved } from "jacoflow";
import { tensorboardErrors } from "./errors.js";
import { eventRecord, firstRecord, type Value } from "./event.js";
import { timeless, wholeRecords } from "./record.js";

/** What a clock says of a step, in seconds since 1970. */
export type WallTime = (step: bigint) => number;

interface EventFile {
  readonly handle: FileHandle;
  readonly writes: GatheredWrites;
  /** Records that a run that was cut off had written; empty once they came again. */
  earlier: readonly Uint8Array[];
  /** Records that came again, and their bytes. */
  came: number;
  again: number;
}

/** A list of the event files that a run has begun, a path a line: those it goes on with when it is resumed. */
export class BegunFiles {
  readonly #path: string;
  readonly #begun: ReadonlySet<string>;

  private constructor(path: string, begun: ReadonlySet<string>) {
    this.#path = path;
    this.#begun = begun;
  }

  static async open(path: string): Promise<BegunFiles> {
    const text = await readFile(path, "utf8").catch(() => "");
    return new BegunFiles(path, new Set(text.split("\n").slice(0, -1)));
  }

  has(file: string): boolean {
    return this.#begun.has(file);
  }

  /** Rejects with the system's error. */
  async add(file: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true });
    await appendFile(this.#path, `${file}\n`);
  }
}

/**
 * The event files of one input, one a TensorBoard run (a folder). Every write ends with a whole record. A file that this run
 * had begun before it was cut off keeps its records: they are not written again when they come again.
 */
export class EventFiles {
  readonly #folder: string;
  readonly #wallTime: WallTime;
  readonly #begun: BegunFiles;
  readonly #files = new Map<string, EventFile>();

  constructor(folder: string, wallTime: WallTime, begun: BegunFiles) {
    this.#folder = folder;
    this.#wallTime = wallTime;
    this.#begun = begun;
  }

  /** Appends values of one step; what an earlier write failed with comes here or at the end. Errors: TENSORBOARD_WRITE. */
  async append(run: string, step: bigint, values: readonly Value[]): Promise<void> {
    const file = this.#files.get(run) ?? (await this.#open(run, step));
    await this.#write(run, file, eventRecord(this.#wallTime(step), step, values));
  }

  /** Waits for all that was appended, until it is on the disk. Errors: TENSORBOARD_WRITE. */
  async close(): Promise<void> {
    const ended = await Promise.allSettled(
      Array.from(this.#files, async ([run, { handle, writes }]) => {
        try {
          await writes.settled();
          await this.#attempt(
            run,
            handle.sync().then(() => refuseRemoved(handle)),
          );
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
    const path = this.#pathOf(run);
    await this.#attempt(run, mkdir(dirname(path), { recursive: true }));
    const isBegun = this.#begun.has(path);
    // Whoever still writes one that is replaced learns it: two never write one file.
    if (!isBegun) await this.#attempt(run, removeFile(path));
    const handle = await this.#attempt(run, open(path, isBegun ? "a+" : "a"));
    const { records, bytes } = wholeRecords(
      isBegun ? await this.#attempt(run, readFile(path)) : Buffer.alloc(0),
    );
    await this.#attempt(run, handle.truncate(bytes));
    if (!isBegun) await this.#attempt(run, this.#begun.add(path));
    const writes = gatheredWrites((piece) =>
      this.#attempt(
        run,
        handle.appendFile(piece).then(() => refuseRemoved(handle)),
      ),
    );
    const file: EventFile = { handle, writes, earlier: records, came: 0, again: 0 };
    this.#files.set(run, file);
    await this.#write(run, file, firstRecord(this.#wallTime(step)));
    return file;
  }

  async #write(run: string, file: EventFile, record: Uint8Array): Promise<void> {
    const earlier = file.earlier.at(file.came);
    if (earlier === undefined) return file.writes.write(record);
    if (Buffer.compare(timeless(earlier), timeless(record)) === 0) {
      file.came += 1;
      file.again += earlier.length;
      if (file.came === file.earlier.length) file.earlier = [];
      return;
    }
    // What a run that was stopped wrote at its end may be half of what it is now.
    file.earlier = [];
    await this.#attempt(run, file.handle.truncate(file.again));
    await file.writes.write(record);
  }

  #pathOf(run: string): string {
    return join(this.#folder, run, "events.out.tfevents.0.jacoflow");
  }

  #attempt<Result>(run: string, work: Promise<Result>): Promise<Result> {
    return work.catch((error: unknown) => {
      throw tensorboardErrors.write(this.#pathOf(run), error);
    });
  }
}

/** Removes a file where there is one; a device or a pipe stays. */
async function removeFile(path: string): Promise<void> {
  const about = await lstat(path).catch(() => undefined);
  if (about?.isFile() === true) await rm(path, { force: true });
}
