import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomSource } from "../../engine/random.js";
import { idxBytes } from "./idx.js";

const side = 6;

/** Images of three classes, a bright stripe at another height each, in the four files of MNIST. */
export function writeStripes(folder: string, train = 60, test = 30): void {
  mkdirSync(folder, { recursive: true });
  const random = randomSource("stripes");
  for (const [prefix, count] of [
    ["train", train],
    ["t10k", test],
  ] as const) {
    const pixels = new Uint8Array(count * side * side);
    const labels = new Uint8Array(count);
    for (let image = 0; image < count; image += 1) {
      labels[image] = image % 3;
      for (let at = 0; at < side * side; at += 1) {
        const bright = Math.floor(at / (2 * side)) === labels[image];
        pixels[image * side * side + at] = (bright ? 140 : 20) + random.integer(100);
      }
    }
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), idxBytes([count, side, side], pixels));
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
}

/** The stages of a whole run on the stripes that takes about a second. */
const stages = {
  data: "{ uses: data/idx, with: { path: stripes, standardise: per-example } }",
  noise: "{ uses: labels/noise, from: data, with: { fraction: 0.5, kind: uniform-other } }",
  network: "{ uses: network/init, from: noise, with: { architecture: mlp, hidden: [12, 8] } }",
  train:
    "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.05, batchSize: 10, epochs: 6, snapshots: { at: [0, 3, 6] } } }",
  svd: "{ uses: jacobian/spectrum, from: [noise, train.snapshots], with: { rank: 8, split: [train, test] } }",
  project:
    "{ uses: metrics/projection, from: [noise, svd.basis, train.predictions], with: { rank: 8, jacobian: [initial, final] } }",
  parquet: "{ uses: sink/parquet, from: [train.metrics, svd.spectrum, project] }",
} as const;

export type SmallStage = keyof typeof stages;

/**
 * The text of a pipeline on the stripes. `changes` replace a stage's line, leave it out (null) or add one.
 */
export function smallPipeline(
  changes: Readonly<Record<string, string | null>> = {},
  head = "name: small\nseed: 7\n",
): string {
  const lines = Object.entries({ ...stages, ...changes })
    .filter(([, line]) => line !== null)
    .map(([name, line]) => `  ${name}: ${line}\n`);
  return `${head}stages:\n${lines.join("")}`;
}

/** Writes the stripes and the pipeline into a folder and returns the pipeline's path. */
export function writeSmallPipeline(
  folder: string,
  changes: Readonly<Record<string, string | null>> = {},
): string {
  writeStripes(join(folder, "stripes"));
  const file = join(folder, "small.yaml");
  writeFileSync(file, smallPipeline(changes));
  return file;
}
