import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atMost } from "../bars.js";
import type { Context } from "../context.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const program = join(repository, "dist/pipeline/cli/main.js");
const images = join(repository, "examples/data/fashion-3");

interface Shape {
  readonly name: string;
  /** Stages after `data` and before the sinks. */
  readonly stages: string;
  readonly train: number;
  readonly test: number;
  /** `--memory`, in bytes. */
  readonly limit?: number;
}

const spectrumOf = (architecture: string, options: string) => `
  network: { uses: network/init, from: data, with: { ${architecture} } }
  svd: { uses: jacobian/spectrum, from: [data, network], with: { ${options} } }
  parquet: { uses: sink/parquet, from: [svd.spectrum, svd.metrics] }`;

const learning = (architecture: string, training: string, svd: string) => `
  noise: { uses: labels/noise, from: data, with: { fraction: 0.5 } }
  network: { uses: network/init, from: noise, with: { ${architecture} } }
  train: { uses: train/gradient-descent, from: [noise, network], with: { ${training} } }
  svd: { uses: jacobian/spectrum, from: [noise, train.snapshots], with: { ${svd} } }
  project: { uses: metrics/projection, from: [noise, svd.basis, train.predictions], with: { rank: 10 } }
  parquet: { uses: sink/parquet, from: [train.metrics, svd.spectrum, project] }
  report: { uses: sink/report, from: [train.metrics, svd.spectrum, project] }`;

const small = "architecture: mlp, hidden: [128, 64]";
const large = "architecture: mlp, hidden: [512, 256]";
const sgd = "optimizer: sgd, learningRate: 0.05, batchSize: 64, epochs: 10, snapshots: { at: [0, 10] }";
const adam = "optimizer: adam, learningRate: 0.001, batchSize: 64, epochs: 2, snapshots: { at: [0, 2] }";

const shapes: readonly Shape[] = [
  { name: "exact values of 3,600 rows", stages: spectrumOf(small, "rank: 3"), train: 1200, test: 0 },
  {
    name: "block Krylov, 4,500 rows",
    stages: spectrumOf(small, "rank: 50, method: block-krylov"),
    ...{ train: 1500, test: 0 },
  },
  {
    name: "the same of a network four times as large, 2,250 rows",
    stages: spectrumOf(large, "rank: 50, method: block-krylov"),
    ...{ train: 750, test: 0 },
  },
  {
    name: "a training and its spectra",
    stages: learning(small, sgd, "rank: 50, split: [train, test]"),
    ...{ train: 1500, test: 900 },
  },
  {
    name: "a training with Adam and its spectra, large network",
    stages: learning(large, adam, "rank: 20"),
    ...{ train: 900, test: 300 },
  },
  {
    name: "block Krylov, 2,250 rows of a network four times as large, --memory 1900MB (J takes 4.2 GB)",
    stages: spectrumOf(large, "rank: 50, method: block-krylov"),
    ...{ train: 750, test: 0, limit: 1900e6 },
  },
  {
    name: "a training and its spectra, --memory 700MB (J takes 2 GB)",
    stages: learning(small, sgd, "rank: 50, split: [train, test]"),
    ...{ train: 1500, test: 900, limit: 700e6 },
  },
];

function jacoflow(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** Peak memory of whole runs against what `--dry-run` said, and against `--memory`. */
export async function memoryPart(context: Context): Promise<void> {
  const file = join(context.folder, "memory.yaml");
  const write = (stages: string, train: number, test: number) =>
    writeFileSync(
      file,
      `name: memory\nseed: 7\nstages:\n  data: { uses: data/idx, with: { path: "${images}", train: ${train}, test: ${test} } }${stages}\n`,
    );
  let runs = 0;
  const peak = (words: readonly string[]) => {
    runs += 1;
    const run = join(context.folder, `memory-${runs}`);
    jacoflow("run", file, "--out", run, "-q", ...words);
    const { peakMemoryBytes } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    return Number(peakMemoryBytes);
  };
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  for (const shape of shapes) {
    const { name, train, test, limit } = shape;
    const words = limit === undefined ? [] : ["--memory", `${limit / 1e6}MB`];
    // The same with next to no network and data is the program itself.
    write(shape.stages.replace(/hidden: \[.*?\]/, "hidden: [2]"), 66, test === 0 ? 0 : 30);
    const base = peak([]);
    write(shape.stages, train, test);
    const planned = Number(JSON.parse(jacoflow("run", file, "--dry-run", "--json", ...words)).memoryBytes);
    const taken = peak(words) - base;
    context.keep(name, { planned, taken, base, limit });
    const note = `planned ${megabytes(planned)}, taken ${megabytes(taken)} above the ${megabytes(base)} of the same run of next to nothing`;
    context.say(`${name}: ${note}`);
    context.report({
      figure: `${name}: taken apart from planned by`,
      bar: atMost(20),
      measured: 100 * Math.abs(taken / planned - 1),
      unit: "%",
      note,
    });
    if (limit === undefined) continue;
    context.report({
      figure: `${name}: of the limit`,
      bar: atMost(100),
      measured: (100 * taken) / limit,
      unit: "%",
      note: "",
    });
  }
}
