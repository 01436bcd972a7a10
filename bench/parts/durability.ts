import { rmSync } from "node:fs";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { runStage } from "../../plugins/kit/trial.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { diskFiles, type FileSystem } from "../../stages/sinks/files.js";
import { parquetSink } from "../../stages/sinks/parquet.js";
import type { Context } from "../context.js";
import { inTurn, median, timed } from "../measure.js";

/** Counts what is synchronised, and how long that took. */
function counting(): FileSystem & { readonly seconds: number[] } {
  const seconds: number[] = [];
  const sync = async (work: () => Promise<void>) => void seconds.push(await timed(work));
  return {
    ...diskFiles,
    seconds,
    open: async (path) => {
      const file = await diskFiles.open(path);
      return {
        write: file.write.bind(file),
        close: file.close.bind(file),
        sync: () => sync(() => file.sync()),
      };
    },
    syncFolder: (path) => sync(() => diskFiles.syncFolder(path)),
  };
}

const nothing = async () => undefined;

/** The disk with nothing synchronised: what lies there outlives a killed process, and no power cut. */
const careless: FileSystem = {
  ...diskFiles,
  open: async (path) => {
    const file = await diskFiles.open(path);
    return { write: file.write.bind(file), close: file.close.bind(file), sync: nothing };
  },
  syncFolder: nothing,
};

const rowsPerBatch = 100;
const cases = {
  "one growing part": { batches: 500, rowsPerPart: 65_536 },
  "100 parts": { batches: 500, rowsPerPart: 500 },
};

const batchesOf = (count: number): readonly RecordBatch[] =>
  Array.from({ length: count }, (_, step) =>
    metrics.batch(
      {
        ...{ stage: "train", step, epoch: step, split: "train", name: "loss" },
        value: Float64Array.from({ length: rowsPerBatch }, (_, row) => Math.sin(step + row)),
      },
      rowsPerBatch,
    ),
  );

/**
 * What it costs that tables outlive a power cut: 50,000 rows through sink/parquet with and without fsync, in one part that grows
 * and in a hundred.
 */
export async function durabilityPart(context: Context): Promise<void> {
  const { folder, rounds, patience } = context;
  for (const [name, { batches: count, rowsPerPart }] of Object.entries(cases)) {
    const batches = batchesOf(count);
    const runFolder = join(folder, "durability");
    const all: number[] = [];
    let calls = 0;
    const keep = async (files: FileSystem) => {
      rmSync(runFolder, { recursive: true, force: true });
      const inputs = { tables: [batches] };
      return timed(async () => {
        const { error } = await runStage(parquetSink(files), {
          options: { rowsPerPart },
          inputs,
          folder,
          runFolder,
        });
        if (error !== undefined) throw error;
      });
    };
    const safely = async () => {
      const counted = counting();
      const seconds = await keep(counted);
      all.push(...counted.seconds);
      calls = counted.seconds.length;
      return seconds;
    };
    const comparison = await inTurn(
      [
        { name: "synchronised", run: safely },
        { name: "careless", run: () => keep(careless) },
      ],
      { rounds, patience },
    );
    const [safe, fast] = comparison.seconds;
    const each = median(all) * 1000;
    context.keep(`fsync, ${name}`, comparison);
    context.report({
      figure: `sink/parquet, ${(count * rowsPerBatch).toLocaleString("en")} rows, ${name}: fsync`,
      measured: safe - fast,
      unit: "s",
      note: `${safe.toFixed(2)} s, ${fast.toFixed(2)} s without; ${calls} calls, ${each.toFixed(1)} ms each in the median`,
    });
  }
}
