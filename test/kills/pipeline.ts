import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeStripes } from "../support/smallPipeline.js";

/**
 * A run of about a second that has all a killed one could lose: two trainings with state of their optimisers, block Krylov in
 * many sweeps that starts from the Jacobian before, on both splits, sinks of every form, parts that are small.
 */
const text = `name: killed
seed: 11
engine: native
stages:
  data:    { uses: data/idx, with: { path: stripes, standardise: per-example } }
  noise:   { uses: labels/noise, from: data, with: { fraction: 0.5, kind: uniform-other } }
  network: { uses: network/init, from: noise, with: { architecture: mlp, hidden: [2] } }
  adam:    { uses: train/gradient-descent, from: [noise, network], with: { optimizer: adam, learningRate: 0.02, batchSize: 20, epochs: 6, snapshots: { at: [0, 3, 6] }, checkpointSeconds: 0 } }
  heavy:   { uses: train/gradient-descent, from: [noise, network], with: { optimizer: momentum, learningRate: 0.02, batchSize: 20, epochs: 5, checkpointSeconds: 0 } }
  svd:     { uses: jacobian/spectrum, from: [noise, adam.snapshots], with: { rank: 6, method: block-krylov, blockSize: 4, maxSweeps: 6, split: [train, test], checkpointSeconds: 0 } }
  density: { uses: jacobian/density, from: [noise, adam.snapshots], with: { columns: 4, sweeps: 2, exactUpTo: 0, checkpointSeconds: 0 } }
  project: { uses: metrics/projection, from: [noise, svd.basis, adam.predictions], with: { rank: 4, jacobian: [initial, final] } }
  parquet: { uses: sink/parquet, from: [adam.metrics, heavy.metrics, svd.spectrum, svd.metrics, density, project], with: { rowsPerPart: 20 } }
  arrow:   { uses: sink/arrow, from: [adam.predictions, svd.basis] }
  rows:    { uses: sink/ndjson, from: [adam.metrics, svd.spectrum, project.projection] }
  report:  { uses: sink/report, from: [adam.metrics, svd.spectrum, project.projection] }
`;

/** Training steps of the whole run. */
export const trainingSteps = (6 + 5) * 3;

/** Writes the run's data and file into a folder; returns the file's path. */
export function writeKilledPipeline(folder: string): string {
  writeStripes(join(folder, "stripes"));
  const file = join(folder, "killed.yaml");
  writeFileSync(file, text);
  return file;
}
