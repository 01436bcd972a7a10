import type { Standardisation } from "./options.js";

/** A table of features, row-major, rows × columns. */
export interface Features {
  readonly values: Float32Array;
  readonly columns: number;
}

/** (x − mean) / deviation over one run of numbers; 0 everywhere where the deviation is 0. */
function centre(values: Float32Array): void {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let variance = 0;
  for (const value of values) variance += (value - mean) ** 2 / values.length;
  const factor = variance === 0 ? 0 : 1 / Math.sqrt(variance);
  for (let index = 0; index < values.length; index += 1) values[index] = (values[index] - mean) * factor;
}

function normalise(values: Float32Array): void {
  let squares = 0;
  for (const value of values) squares += value ** 2;
  const factor = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  for (let index = 0; index < values.length; index += 1) values[index] *= factor;
}

/** Every column minus its mean, divided by its deviation, both over the first `trainCount` rows. */
function centreColumns({ values, columns }: Features, trainCount: number): void {
  const means = new Float64Array(columns);
  const variances = new Float64Array(columns);
  for (let at = 0; at < trainCount * columns; at += 1) means[at % columns] += values[at] / trainCount;
  for (let at = 0; at < trainCount * columns; at += 1) {
    variances[at % columns] += (values[at] - means[at % columns]) ** 2 / trainCount;
  }
  const factors = variances.map((variance) => (variance === 0 ? 0 : 1 / Math.sqrt(variance)));
  for (let at = 0; at < values.length; at += 1) {
    values[at] = (values[at] - means[at % columns]) * factors[at % columns];
  }
}

/**
 * Standardises in place, with sums in float64 and one rounding to float32. The deviation is that of the population
 * (divided by n).
 *
 * @param trainCount rows from the start that are training examples: per-feature takes its statistics from them alone
 */
export function standardise(features: Features, kind: Standardisation, trainCount: number): void {
  if (kind === "none") return;
  if (kind === "per-feature") {
    centreColumns(features, trainCount);
    return;
  }
  const { values, columns } = features;
  const each = kind === "per-example" ? centre : normalise;
  for (let start = 0; start < values.length; start += columns) each(values.subarray(start, start + columns));
}
