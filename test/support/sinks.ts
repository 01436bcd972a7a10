import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { from } from "rxjs";
import {
  type InputStream,
  type LogLevel,
  noJournal,
  type StageContext,
  type TableName,
} from "../../pipeline/stage.js";

/** An input that delivers these batches, one after the other, then what `end` does. */
export function inputOf(
  stage: string,
  table: TableName,
  batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>,
): InputStream {
  async function* delivered() {
    yield* batches;
  }
  const origin = { stage, port: table, table };
  return Object.assign(from(delivered()), {
    origin,
    forEach: async (handle: (batch: RecordBatch) => void | Promise<void>) => {
      for await (const batch of delivered()) await handle(batch);
    },
    [Symbol.asyncIterator]: delivered,
  });
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
}

/** A context for running a sink by itself; what it logs goes to `lines`. */
export function sinkContext<Options>(
  runFolder: string,
  options: Options,
  given: {
    /** Aborted when the run ends early. */
    readonly stopping?: AbortSignal;
    readonly lines?: LogLine[];
    readonly run?: Partial<StageContext<Options>["run"]>;
  } = {},
): StageContext<Options> {
  return {
    stage: "sink",
    options,
    seed: (purpose) => purpose,
    signal: new AbortController().signal,
    engine: () => Promise.reject(new Error("a sink needs no engine")),
    resolvePath: (path) => path,
    checkpointFolder: join(runFolder, "checkpoints", "sink"),
    journal: async () => noJournal,
    runFolder,
    memoryLimit: 2 ** 30,
    run: {
      name: "trial",
      seed: 7,
      file: {},
      stopping: given.stopping ?? new AbortController().signal,
      ...given.run,
    },
    store: () => {
      throw new Error("a sink needs no store");
    },
    log: (level, message) => void given.lines?.push({ level, message }),
    progress: () => undefined,
  };
}

/** Runs `work` in a new folder that is removed afterwards. */
export async function inFolder<A>(work: (folder: string) => Promise<A>): Promise<A> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Contents of every file under a folder by relative path, in order of the paths. */
export async function filesUnder(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const files = new Map<string, Buffer>();
  for (const path of paths) files.set(relative(folder, path), await readFile(path));
  return files;
}
