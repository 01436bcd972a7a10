import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { RecordBatch } from "apache-arrow";
import { defineStage, many, stream } from "../../pipeline/stage.js";
import { duckdb } from "../../plugins/duckdb/src/sink.js";
import { type AnyStage, runStage } from "../../plugins/kit/trial.js";
import { mlflow } from "../../plugins/mlflow/src/sink.js";
import { parquetjsLite } from "../../plugins/parquetjs-lite/src/sink.js";
import { tensorboard } from "../../plugins/tensorboard/src/sink.js";
import { arrow } from "../../stages/sinks/arrow.js";
import { consoleSink } from "../../stages/sinks/console.js";
import { ndjson } from "../../stages/sinks/ndjson.js";
import { parquet } from "../../stages/sinks/parquet.js";
import { report } from "../../stages/sinks/report.js";
import { standardOutput } from "../../stages/sinks/target.js";
import type { Job, Keep } from "./job.js";
import { freePort, listenTo, trackingServer } from "./other.js";

const ignore = () => undefined;

/** Reads and does nothing: what the edge costs by itself. */
const nothing = defineStage({
  name: "sink/nothing",
  summary: "Reads and keeps nothing.",
  options: ndjson.options,
  inputs: { tables: many(stream("any", "what to read")) },
  outputs: {},
  run: async ({ tables }) => {
    await Promise.all(tables.map((input) => input.forEach(ignore)));
  },
});

type Options = Readonly<Record<string, unknown>>;
type Batches = Job["batches"] | AsyncIterable<RecordBatch>;

async function runSink(
  stage: AnyStage,
  folder: string,
  batches: Batches,
  options: Options = {},
  port = "tables",
) {
  const { error } = await runStage(stage, {
    options,
    inputs: { [port]: [batches] },
    folder,
    runFolder: folder,
  });
  if (error !== undefined) throw error;
}

const sink =
  (stage: AnyStage, options: Options = {}, port = "tables"): Keep =>
  ({ folder, batches }) =>
    runSink(stage, folder, batches, options, port);

/** Sinks of the house, on an edge of a real run. */
export const ours: Readonly<Record<string, Keep>> = {
  nothing: sink(nothing),
  parquet: sink(parquet),
  "parquetjs-lite": sink(parquetjsLite),
  "arrow file": sink(arrow),
  "arrow stream": sink(arrow, { stream: "rows.arrows" }),
  "arrow http": async (job) => {
    const port = await freePort();
    const listener = listenTo(`http://127.0.0.1:${port}/metrics/edge-tables-0`);
    async function* whenHeard() {
      await listener.joined;
      yield* job.batches;
    }
    await runSink(arrow, job.folder, whenHeard(), { http: port });
    await listener.ended;
  },
  ndjson: sink(ndjson),
  console: async (job) => {
    const file = createWriteStream(join(job.folder, "console.txt"));
    const printed = consoleSink(() => standardOutput(file));
    await runSink(printed, job.folder, job.batches);
    await finished(file.end());
  },
  report: sink(report),
  duckdb: sink(duckdb),
  tensorboard: sink(tensorboard, {}, "metrics"),
  mlflow: async (job) => {
    const server = await trackingServer();
    try {
      await runSink(mlflow, job.folder, job.batches, { url: server.url, patience: 600 }, "metrics");
    } finally {
      server.close();
    }
  },
};
