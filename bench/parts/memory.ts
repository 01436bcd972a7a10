import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atMost } from "../bars.js";
import type { Context } from "../context.js";

const repository = fileURLToPath(new URL("../..", import.meta.url));
const program = join(repository, "dist/pipeline/cli/main.js");
const images = join(repository, "examples/data/fashion-3");

interface Shape {
  readonly name: string;
  readonly stages: string;
  readonly engine?: "wasm";
  /** Whether runs under limits come after the one without. */
  readonly limited?: true;
}

const fashion = (train: number, test: number) =>
  `data: { uses: data/idx, with: { path: "${images}", train: ${train}, test: ${test} } }`;
const mixture = (train: number, classes: number, dimension: number) =>
  `data: { uses: data/gaussian-mixture, with: { classes: ${classes}, clusters: ${classes}, dimension: ${dimension}, sigma: 0.3, separation: 1, train: ${train}, test: 0 } }`;
const spectrumOf = (data: string, architecture: string, options: string) => `
  ${data}
  network: { uses: network/init, from: data, with: { ${architecture} } }
  svd: { uses: jacobian/spectrum, from: [data, network], with: { ${options} } }
  parquet: { uses: sink/parquet, from: [svd.spectrum, svd.metrics] }`;

const learning = (data: string, architecture: string, training: string, svd: string) => `
  ${data}
  noise: { uses: labels/noise, from: data, with: { fraction: 0.5 } }
  network: { uses: network/init, from: noise, with: { ${architecture} } }
  train: { uses: train/gradient-descent, from: [noise, network], with: { ${training} } }
  svd: { uses: jacobian/spectrum, from: [noise, train.snapshots], with: { ${svd} } }
  project: { uses: metrics/projection, from: [noise, svd.basis, train.predictions], with: { rank: 10 } }
  parquet: { uses: sink/parquet, from: [train.metrics, svd.spectrum, project] }
  report: { uses: sink/report, from: [train.metrics, svd.spectrum, project] }`;

const small = "architecture: mlp, hidden: [128, 64]";
const large = "architecture: mlp, hidden: [512, 256]";
const training = (optimizer: string, learningRate: number, epochs: number, snapshots: string) =>
  `optimizer: ${optimizer}, learningRate: ${learningRate}, batchSize: 64, epochs: ${epochs}, snapshots: { ${snapshots} }`;
const sgd = training("sgd", 0.05, 10, "at: [0, 10]");
const krylov = "method: block-krylov";

const shapes: readonly Shape[] = [
  {
    name: "next to nothing",
    stages: spectrumOf(fashion(66, 0), "architecture: mlp, hidden: [2]", "rank: 3"),
  },
  { name: "exact, 3,600 rows", stages: spectrumOf(fashion(1200, 0), small, "rank: 3"), limited: true },
  {
    name: "exact in float64, 900 rows",
    stages: spectrumOf(fashion(300, 0), small, "rank: 20, method: exact, precision: float64"),
  },
  {
    name: "block Krylov, 4,500 rows",
    stages: spectrumOf(fashion(1500, 0), small, `rank: 50, ${krylov}`),
    limited: true,
  },
  {
    name: "block Krylov, 2,250 rows, 540,000 parameters",
    stages: spectrumOf(fashion(750, 0), large, `rank: 50, ${krylov}`),
  },
  {
    name: "a training and its spectra",
    stages: learning(fashion(1500, 900), small, sgd, "rank: 50, split: [train, test]"),
    limited: true,
  },
  {
    name: "full batches",
    stages: learning(
      fashion(1500, 900),
      small,
      sgd.replace("batchSize: 64", "batchSize: full"),
      "rank: 20, examples: 100",
    ),
  },
  {
    name: "Adam, 540,000 parameters",
    stages: learning(fashion(900, 300), large, training("adam", 0.001, 2, "at: [0, 2]"), "rank: 20"),
  },
  {
    name: "300 snapshots, many rows in the report",
    stages: learning(
      fashion(300, 150),
      "architecture: mlp, hidden: [16]",
      training("sgd", 0.05, 300, "every: 1"),
      "rank: 50, examples: 60",
    ),
  },
  {
    name: "small convolutions",
    stages: spectrumOf(fashion(300, 0), "architecture: lenet", `rank: 20, ${krylov}`),
    limited: true,
  },
  {
    name: "60,000 examples, 500 parameters",
    stages: spectrumOf(mixture(60000, 3, 50), "architecture: mlp, hidden: [10]", `rank: 10, ${krylov}`),
  },
  {
    name: "30 examples, 3.7 million parameters",
    stages: spectrumOf(fashion(30, 0), "architecture: mlp, hidden: [2048, 1024]", `rank: 10, ${krylov}`),
  },
  {
    name: "10 classes",
    stages: spectrumOf(
      mixture(1000, 10, 100),
      "architecture: one-hidden-layer, hidden: 300",
      `rank: 30, ${krylov}`,
    ),
    limited: true,
  },
  {
    name: "40 classes",
    stages: spectrumOf(mixture(400, 40, 50), "architecture: mlp, hidden: [100]", `rank: 40, ${krylov}`),
  },
  {
    name: "exact from 1,083 columns",
    stages: spectrumOf(mixture(20000, 3, 50), "architecture: mlp, hidden: [20]", "rank: 10, method: exact"),
  },
  {
    name: "exact, rank 200 of 2,700",
    stages: spectrumOf(fashion(900, 0), "architecture: mlp, hidden: [300]", "rank: 200, method: exact"),
  },
  {
    name: "ResNet-20",
    stages: spectrumOf(fashion(60, 0), "architecture: resnet20", `rank: 10, ${krylov}`),
  },
  {
    name: "WebAssembly: exact",
    engine: "wasm",
    stages: spectrumOf(fashion(400, 0), small, "rank: 20"),
  },
  {
    name: "WebAssembly: block Krylov",
    engine: "wasm",
    stages: spectrumOf(fashion(400, 0), small, `rank: 20, ${krylov}`),
  },
  {
    name: "WebAssembly: small convolutions",
    engine: "wasm",
    stages: spectrumOf(fashion(120, 0), "architecture: lenet", `rank: 10, ${krylov}`),
  },
];

const peakOfProcess = new URL("../peakOfProcess.js", import.meta.url).href;

/** Of what `--dry-run` says without a limit, the limits that runs are given. */
const limitShares = [0.5, 0.8, 1, 1.3];

function planOf(file: string, words: readonly string[]): number {
  const { stdout } = spawnSync(process.execPath, [program, "run", file, "--dry-run", "--json", ...words], {
    encoding: "utf8",
  });
  return Number(JSON.parse(stdout).memoryBytes);
}

interface Ran {
  readonly code: number | null;
  readonly stderr: string;
  /** VmHWM of the process. */
  readonly peak: number;
  /** Whether there is a run folder. */
  readonly started: boolean;
}

function ran(file: string, folder: string, words: readonly string[]): Ran {
  const out = join(folder, "memory-run");
  const answer = join(folder, "peak");
  rmSync(out, { recursive: true, force: true });
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", peakOfProcess, program, "run", file, "--out", out, "-q", ...words],
    { encoding: "utf8", env: { ...process.env, PEAK_OF_PROCESS: answer } },
  );
  return { code: status, stderr, peak: Number(readFileSync(answer, "utf8")), started: existsSync(out) };
}

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;

/** Peak memory of whole processes against what `--dry-run` said, and against `--memory`. */
export async function memoryPart(context: Context): Promise<void> {
  mkdirSync(context.folder, { recursive: true });
  const file = join(context.folder, "memory.yaml");
  for (const { name, stages, engine = "auto", limited } of shapes) {
    writeFileSync(file, `name: memory\nseed: 7\nengine: ${engine}\nstages:${stages}\n`);
    const planned = planOf(file, []);
    const { code, stderr, peak } = ran(file, context.folder, []);
    if (code !== 0) throw new Error(stderr);
    context.keep(name, { planned, peak });
    const note = `planned ${megabytes(planned)}, peak ${megabytes(peak)}`;
    context.say(`${name}: ${note}`);
    context.report({
      figure: `${name}: plan apart from the peak by`,
      ...{ bar: atMost(20), measured: 100 * Math.abs(planned / peak - 1), unit: "%", note },
    });
    if (limited === undefined) continue;
    for (const share of limitShares) underLimit(context, file, name, Math.round(share * planned));
  }
}

function underLimit(context: Context, file: string, shape: string, limit: number): void {
  const { code, stderr, peak, started } = ran(file, context.folder, ["--memory", String(limit)]);
  const name = `${shape}, --memory ${megabytes(limit)}`;
  if (code === 78 && stderr.includes("MEMORY_LIMIT") && !started) {
    context.keep(name, { limit, refused: true });
    context.say(`${name}: refused before it started`);
    return;
  }
  if (code !== 0) throw new Error(stderr);
  context.keep(name, { limit, peak });
  const note = `peak ${megabytes(peak)}`;
  context.say(`${name}: ${note}`);
  context.report({
    figure: `${name}: peak of the limit`,
    ...{ bar: atMost(100), measured: (100 * peak) / limit, unit: "%", note },
  });
}
