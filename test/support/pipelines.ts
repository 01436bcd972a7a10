import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { loadPipeline } from "../../pipeline/file/load.js";
import type { ResolvedPipeline } from "../../pipeline/graph/resolved.js";
import type { RunOutcome, RunRequest } from "../../pipeline/run/outcome.js";
import { runPipeline } from "../../pipeline/run/run.js";
import { lossless, many, type Stage, stream } from "../../pipeline/stage.js";
import { metrics } from "../../schemas/tables/metrics.js";

/** A metrics batch of one row; its step and value are `number`. */
export function numberBatch(number: number, stage = "test"): RecordBatch {
  return metrics.batch(
    { stage, step: number, epoch: number, split: "train", name: "loss", value: number },
    1,
  );
}

/** What {@link numberBatch} was made of. */
export function numberOf(batch: RecordBatch): number {
  return metrics.read(batch).value[0];
}

export const pause = (milliseconds: number) =>
  new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** A folder of its own that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-test-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stages by name, for loading. */
// biome-ignore lint/suspicious/noExplicitAny: a stage's own types do not matter to the runtime
export function stageMap(...stages: readonly Stage<any, any, any>[]): ReadonlyMap<string, Stage> {
  return new Map(stages.map((stage) => [stage.name, stage as Stage]));
}

/** Input ports tests use often. */
export const metricsStream = stream("metrics", "metrics, batch by batch");
export const anything = lossless(many(stream("any", "whatever comes")));

export function load(
  text: string,
  stages: ReadonlyMap<string, Stage>,
  more: { readonly sets?: readonly string[]; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<ResolvedPipeline> {
  return loadPipeline({
    text,
    file: "test.yaml",
    stages,
    engines: ["wasm", "cpu"],
    environment: more.environment ?? {},
    ...(more.sets === undefined ? {} : { sets: more.sets }),
  });
}

export interface RanPipeline {
  readonly outcome: RunOutcome;
  readonly runFolder: string;
}

/** Runs a pipeline text in a folder of its own and looks at what is left. */
export async function run<T>(
  text: string,
  stages: ReadonlyMap<string, Stage>,
  look: (ran: RanPipeline) => T | Promise<T>,
  request: Partial<RunRequest> = {},
): Promise<T> {
  const pipeline = await load(text, stages);
  return withFolder(async (folder) => {
    const runFolder = join(folder, "run");
    const outcome = await runPipeline(pipeline, {
      createEngine: () => Promise.reject(new Error("no engine in this test")),
      runFolder,
      memoryLimit: 2 ** 30,
      versions: { jacoflow: "test" },
      threads: 1,
      ...request,
    });
    return look({ outcome, runFolder });
  });
}
