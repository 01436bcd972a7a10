import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspectCommand } from "../../../pipeline/cli/inspectCommand.js";
import { reportCommand } from "../../../pipeline/cli/reportCommand.js";
import { readRunTables } from "../../../pipeline/cli/runTables.js";
import { readRecord } from "../../../pipeline/run/record.js";
import { readRecordedRun } from "../../../pipeline/serve/record.js";
import type { TableName } from "../../../pipeline/tableName.js";
import { type Split, splits } from "../../../schemas/columns.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { AtomicFile, diskFiles } from "../../../stages/sinks/files.js";
import { parquetForm } from "../../../stages/sinks/parquet/form.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";
import { mutated, pick } from "../mutate.js";
import type { Reader } from "../reader.js";
import { type Sample, textOf, utf8 } from "../sample.js";
import { mutatedData } from "../structure.js";

const record = {
  name: "fuzz",
  outcome: "failed",
  error: { code: "DIVERGED", message: "the loss is not finite", place: "stages.train", remedy: null },
  seed: 3,
  engine: { wanted: "auto", name: "native", threads: 2, versions: { jacoflow: "0.1.0" } },
  threads: 2,
  process: { host: "here", pid: 1, since: "5" },
  started: "2026-01-01T00:00:00.000Z",
  seconds: 12.5,
  stages: [{ stage: "train", startSeconds: 0, endSeconds: 12, outcome: "failed" }],
  plugins: [],
  wires: [
    {
      from: { stage: "data", port: "examples" },
      to: { stage: "train", port: "examples" },
      table: "examples",
      delivery: "whole",
      policy: "block",
      capacity: 8,
    },
  ],
  file: "fuzz.yaml",
  pipeline: {
    name: "fuzz",
    stages: { data: { uses: "data/idx" }, train: { uses: "train/gradient-descent", from: ["data"] } },
  },
};

/** run.json, as `inspect`, `report`, `serve` and `run --resume` read it. */
export const runRecordReader: Reader = {
  name: "run.json",
  corpus: async () => [{ "run.json": utf8(JSON.stringify(record)) }],
  mutate: (sample, random) => ({
    "run.json":
      random.integer(4) === 0
        ? mutated(sample["run.json"], random, [sample["run.json"]])
        : utf8(JSON.stringify(mutatedData(JSON.parse(textOf(sample["run.json"])), random)) ?? ""),
  }),
  read: async (folder, sample) => {
    await readRecord(folder);
    await readRecordedRun("fuzz", folder);
    const { terminal, written } = recordedTerminal();
    await inspectCommand({ run: folder }, terminal);
    if (/\[object|undefined/.test(written.out)) return `inspect says ${JSON.stringify(written.out)}`;
    // Making a report takes a hundred times as long.
    if (sample["run.json"].length % 64 === 0) {
      await reportCommand({ run: folder, out: join(folder, "report.html") }, terminal);
    }
    return undefined;
  },
};

const step = BigInt64Array.from({ length: 8 }, (_, at) => BigInt(Math.floor(at / 2)));
const split = Array.from({ length: 8 }, (_, at): Split => (at % 2 === 0 ? "train" : "test"));
const batches = {
  "tables/metrics/train/part-00000.parquet": metrics.batch(
    {
      stage: "train",
      step,
      epoch: Float64Array.from(step, Number),
      split,
      name: "loss",
      value: Float64Array.from(step, (at) => 1 / (1 + Number(at))),
    },
    8,
  ),
  "tables/spectrum/svd/part-00000.parquet": spectrum.batch(
    {
      stage: "svd",
      jacobian_step: step,
      epoch: Float64Array.from(step, Number),
      split,
      index: Int32Array.from(step, (at) => 1 + Number(at)),
      singular_value: new Float64Array(8).fill(2),
      residual_bound: new Float64Array(8),
      energy_share: new Float64Array(8).fill(0.1),
      method: "exact",
      exact: true,
    },
    8,
  ),
} as const;

/** Parts of tables, as `inspect`, `report` and `serve` read them. */
export const keptTablesReader: Reader = {
  name: "tables of a run",
  corpus: async (folder) => {
    const samples: Sample[] = [];
    for (const compression of ["snappy", "none"] as const) {
      const sample: Record<string, Uint8Array> = {};
      for (const [name, batch] of Object.entries(batches)) {
        const path = join(folder, "part.parquet");
        const file = new AtomicFile(path, diskFiles);
        const table = name.split("/")[1] as TableName;
        await parquetForm(compression).write(file, { table, schema: batch.schema, batches: [batch] });
        await file.complete();
        sample[name] = new Uint8Array(readFileSync(path));
      }
      samples.push({ ...sample, "run.json": utf8(JSON.stringify(record)) });
    }
    return samples;
  },
  mutate: (sample, random) => {
    const name = pick(random, Object.keys(batches));
    return { ...sample, [name]: mutated(sample[name], random, Object.values(sample)) };
  },
  read: async (folder) => {
    const { terminal, written } = recordedTerminal();
    await inspectCommand({ run: folder }, terminal);
    const tables = await readRunTables(folder);
    for (const { split, step, value } of tables.metrics) {
      if (!splits.includes(split)) return `metrics of split ${split}`;
      if (!Number.isInteger(step) || typeof value !== "number") return `step ${step}, value ${value}`;
    }
    for (const { split, index, singular_value: value, method } of tables.spectrum) {
      if (!splits.includes(split) || typeof method !== "string")
        return `a spectrum of split ${split}, method ${method}`;
      if (!Number.isInteger(index) || typeof value !== "number") return `value ${index} is ${value}`;
    }
    return written.out.includes("undefined") ? "inspect says undefined" : undefined;
  },
};
