import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GatheredWrites, gatheredWrites, refuseRemoved } from "jacoflow";
import { mlflowErrors } from "./errors.js";
import { type Metric, numberText } from "./server.js";
import { countLines } from "./spooledLines.js";
import { type Counts, isState, type SpoolState } from "./spoolState.js";

/** Numbers read from the spool, and where they end. */
export interface Portion {
  readonly metrics: readonly Metric[];
  readonly end: number;
}

/** Read at a time: a thousand numbers, give or take. */
const portionBytes = 2 ** 17;

/**
 * Numbers on their way to the server, in two files of one folder: numbers.ndjson grows as the run goes on, state.json
 * (replaced by rename) says how many of its bytes the server has. In memory are those alone that wait for a write to end.
 */
export class Spool {
  readonly folder: string;
  readonly #numbers: FileHandle;
  readonly #writes: GatheredWrites;
  #state: SpoolState;
  /** Bytes that are in the file. */
  #written: number;
  #onWritten: () => void = () => undefined;
  readonly #counts: Map<string, number>;
  /** States follow one another: the run and the sender have some. */
  #last: Promise<void> = Promise.resolve();

  private constructor(
    folder: string,
    numbers: FileHandle,
    state: SpoolState,
    written: number,
    counts: ReadonlyMap<string, number>,
  ) {
    this.folder = folder;
    this.#numbers = numbers;
    this.#state = state;
    this.#written = written;
    this.#counts = new Map(counts);
    this.#writes = gatheredWrites((bytes) => this.#append(bytes));
  }

  /**
   * The spool that the run left here when it was cut off, else a new one. Numbers from the first that cannot be read on are
   * left out, since they come again; a spool whose state cannot be read is begun anew. `warn` is told. Errors: MLFLOW_WRITE.
   */
  static async openOrCreate(
    folder: string,
    state: SpoolState,
    warn: (message: string) => void,
  ): Promise<Spool> {
    if (await exists(join(folder, "state.json"))) {
      try {
        return await Spool.#opened(folder, (line) =>
          warn(
            `${folder}: line ${line} of numbers.ndjson cannot be read; it is sent again, with all that follow`,
          ),
        );
      } catch (error) {
        warn(`${(error as Error).message}; it is begun anew, with a run of its own on the server`);
      }
    }
    try {
      await mkdir(folder, { recursive: true });
      const numbers = await open(join(folder, "numbers.ndjson"), "w+");
      const spool = new Spool(folder, numbers, state, 0, new Map(Object.entries(state.before ?? {})));
      await spool.remember({});
      return spool;
    } catch (error) {
      throw mlflowErrors.write(folder, error);
    }
  }

  /** The spool that an earlier process left, without the line it was writing. Errors: MLFLOW_SPOOL. */
  static open(folder: string): Promise<Spool> {
    return Spool.#opened(folder, (line) => {
      throw new Error(`line ${line} of numbers.ndjson cannot be read`);
    });
  }

  static async #opened(folder: string, damaged: (line: number) => void): Promise<Spool> {
    try {
      const state: unknown = JSON.parse(await readFile(join(folder, "state.json"), "utf8"));
      if (!isState(state)) throw new Error("state.json is not that of a spool");
      const path = join(folder, "numbers.ndjson");
      const counts = new Map(Object.entries(state.before ?? {}));
      const written = await countLines(path, counts, damaged);
      const numbers = await open(path, "r+");
      await numbers.truncate(written);
      const sentBytes = Math.min(state.sentBytes, written);
      return new Spool(folder, numbers, { ...state, sentBytes }, written, counts);
    } catch (error) {
      throw mlflowErrors.spool(folder, `no spool to send: ${(error as Error).message}`);
    }
  }

  /** Numbers of every origin that were given to it, and to spools of the run before. */
  get counts(): Counts {
    return Object.fromEntries(this.#counts);
  }

  get state(): SpoolState {
    return this.#state;
  }

  /** Bytes of numbers that the server has not got yet. */
  get waitingBytes(): number {
    return this.#written - this.#state.sentBytes;
  }

  /** Whether some wait, too few for a whole request, and more may come. */
  get waitsForMore(): boolean {
    const { end } = this.#state;
    return end === undefined && this.waitingBytes > 0 && this.waitingBytes < portionBytes;
  }

  /**
   * Takes numbers of an origin, which are written with those that come while an earlier write is under way; resolves when
   * there is room for more. Errors: MLFLOW_WRITE, of an earlier write.
   */
  append(origin: string, metrics: readonly Metric[]): Promise<void> {
    const lines = metrics.map(
      (metric) => `${JSON.stringify({ ...metric, value: numberText(metric.value), origin })}\n`,
    );
    this.#counts.set(origin, (this.#counts.get(origin) ?? 0) + metrics.length);
    return this.#writes.write(lines.join(""));
  }

  /** Resolves when all numbers are in the file. Errors: MLFLOW_WRITE. */
  settled(): Promise<void> {
    return this.#writes.settled();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const position = this.#written + at;
        at += (await this.#numbers.write(bytes, at, bytes.length - at, position)).bytesWritten;
      }
      await refuseRemoved(this.#numbers);
    } catch (error) {
      throw mlflowErrors.write(join(this.folder, "numbers.ndjson"), error);
    }
    this.#written += bytes.length;
    this.#onWritten();
  }

  /** Calls `listener`, in place of an earlier one, whenever there are more numbers in the file. */
  onWritten(listener: () => void): void {
    this.#onWritten = listener;
  }

  /** The whole lines that follow what was sent, at most `count`; what a crash left of a line is passed over. */
  async next(count: number): Promise<Portion> {
    const from = this.#state.sentBytes;
    const bytes = Buffer.alloc(Math.min(portionBytes, this.#written - from));
    const { bytesRead } = await this.#numbers.read(bytes, 0, bytes.length, from);
    const metrics: Metric[] = [];
    let end = 0;
    while (metrics.length < count) {
      const stop = bytes.subarray(0, bytesRead).indexOf("\n", end);
      if (stop === -1) break;
      const { key, value, step, timestamp } = JSON.parse(bytes.toString("utf8", end, stop)) as Metric;
      metrics.push({ key, value: Number(value), step, timestamp });
      end = stop + 1;
    }
    return { metrics, end: metrics.length === 0 ? this.#written : from + end };
  }

  /** Errors: MLFLOW_WRITE. */
  remember(change: Partial<SpoolState>): Promise<void> {
    const path = join(this.folder, "state.json");
    const done = this.#last.then(async () => {
      this.#state = { ...this.#state, ...change };
      try {
        await writeFile(`${path}.tmp`, `${JSON.stringify(this.#state, undefined, 2)}\n`);
        await rename(`${path}.tmp`, path);
      } catch (error) {
        throw mlflowErrors.write(path, error);
      }
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Writes what waits, and closes. Errors: MLFLOW_WRITE. */
  async close(): Promise<void> {
    try {
      await this.settled();
    } finally {
      await this.#numbers.close();
    }
  }

  /** Closes and removes it: the server has everything. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
