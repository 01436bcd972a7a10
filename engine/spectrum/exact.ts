import type { LinearAlgebra, Matrix, Matrix64, Model, WorkOptions } from "../engine.js";
import { rounded } from "./blocks.js";
import { sharedMatrix } from "./products.js";
import { coefficientsOf, numericalZero } from "./ritz.js";

export type Precision = "float32" | "float64";

export interface ExactSpectrum {
  /** The `rank` largest, descending; what is 0 in the arithmetic used is exactly 0. */
  readonly singularValues: Float64Array;
  /** σ_{rank+1}; 0 when rank is all there can be. */
  readonly nextSingularValue: number;
  /** nK × rank, float32. From JᵀJ the vectors of zero values are missing (`positive` columns). */
  readonly leftVectors: Matrix | undefined;
  /** p × rank, when the Gram matrix was that of the columns. */
  readonly rightBlock: Matrix | undefined;
  /** Rounding of the Gram matrix and of its eigenvalues, as a bound on the error of each value. */
  readonly residualBounds: Float64Array;
  /** ‖J‖_F², the trace of the Gram matrix. */
  readonly frobeniusSquared: number;
}

/** Rows of J handled at a time when they are streamed: about this many bytes. */
export const blockBytes = 128 * 2 ** 20;

/**
 * Singular values and left vectors from the eigenpairs of J Jᵀ (nK × nK, float64), the way when nK ≤ p. The vectors
 * are orthonormal whatever the rank of J: those of zero values span the left null space.
 *
 * A value below √(n·2⁻⁵²)·σ_1 drowns in the rounding of the Gram matrix and is set to 0, as is one below 2⁻²²·σ_1
 * when the rows were float32; `residualBounds` grow as σ_1/σ.
 */
export async function exactByRows(
  algebra: LinearAlgebra,
  gram: Matrix64,
  rank: number,
  precision: Precision,
): Promise<ExactSpectrum> {
  const { values, vectors } = await algebra.symmetricEigen(gram, Math.min(rank + 1, gram.rows));
  const judged = judge(values, rank, gram.rows, precision);
  const left = await rounded(coefficientsOf(vectors, rank));
  return { ...judged, leftVectors: left, rightBlock: undefined, frobeniusSquared: traceOf(gram) };
}

/**
 * The same from JᵀJ (p × p), the way when p < nK. Two passes over the rows of J in blocks: one for the Gram matrix,
 * one for U = J V/σ.
 */
export async function exactByColumns(
  algebra: LinearAlgebra,
  model: Model,
  features: Matrix,
  rank: number,
  precision: Precision,
  work: WorkOptions = {},
): Promise<ExactSpectrum> {
  const columns = model.layout.trainableCount;
  const { onProgress, ...quiet } = work;
  const half = { ...quiet, onProgress: (done: number) => onProgress?.(Math.floor(done / 2)) };
  const gram = await gramOfColumns(algebra, model, features, precision, half);
  const examples = examplesInBlock(model, precision);
  const { values, vectors } = await algebra.symmetricEigen(gram, Math.min(rank + 1, columns));
  const judged = judge(values, rank, columns, precision);
  const positive = judged.singularValues.filter((value) => value > 0).length;
  const coefficients = coefficientsOf(vectors, positive, judged.singularValues);
  const left = new Float32Array(new SharedArrayBuffer(4 * features.rows * model.outputs * positive));
  for (let first = 0; first < features.rows && positive > 0; first += examples) {
    const part = exampleRange(features, first, examples);
    const rows =
      precision === "float64"
        ? await rounded(await model.rows64(part, quiet))
        : await model.rows(part, quiet);
    left.set((await algebra.combine(rows, coefficients)).values, first * model.outputs * positive);
    onProgress?.(Math.ceil((features.rows + first + part.rows) / 2));
  }
  const leftVectors = { rows: features.rows * model.outputs, columns: positive, values: left };
  return {
    ...judged,
    leftVectors: positive === 0 ? undefined : leftVectors,
    rightBlock: await rounded(coefficientsOf(vectors, rank)),
    frobeniusSquared: traceOf(gram),
  };
}

/** JᵀJ (p × p), summed over blocks of rows of J. */
export async function gramOfColumns(
  algebra: LinearAlgebra,
  model: Model,
  features: Matrix,
  precision: Precision,
  { onProgress, ...quiet }: WorkOptions = {},
): Promise<Matrix64> {
  const columns = model.layout.trainableCount;
  const gram: Matrix64 = { rows: columns, columns, values: new Float64Array(columns * columns) };
  const examples = examplesInBlock(model, precision);
  for (let first = 0; first < features.rows; first += examples) {
    const part = exampleRange(features, first, examples);
    let share: Matrix64;
    if (precision === "float64") {
      share = await algebra.gram64(await model.rows64(part, quiet), "columns");
    } else {
      const rows = await model.rows(part, quiet);
      share = await algebra.crossProduct(rows, rows);
    }
    for (let index = 0; index < share.values.length; index += 1) gram.values[index] += share.values[index];
    onProgress?.(first + part.rows);
  }
  return gram;
}

/** Examples whose rows of J are handled at a time. */
function examplesInBlock(model: Model, precision: Precision): number {
  const bytesOfExample = model.outputs * model.layout.trainableCount * (precision === "float64" ? 8 : 4);
  return Math.max(1, Math.floor(blockBytes / bytesOfExample));
}

/** J in float64 (nK × p), gathered block by block into shared memory, and its Gram matrix. */
export async function gramOfRows64(
  algebra: LinearAlgebra,
  model: Model,
  features: Matrix,
  work: WorkOptions = {},
): Promise<Matrix64> {
  const columns = model.layout.trainableCount;
  const rows = features.rows * model.outputs;
  const values = new Float64Array(new SharedArrayBuffer(8 * rows * columns));
  const examples = examplesInBlock(model, "float64");
  const { onProgress, ...quiet } = work;
  for (let first = 0; first < features.rows; first += examples) {
    const part = exampleRange(features, first, examples);
    values.set((await model.rows64(part, quiet)).values, first * model.outputs * columns);
    onProgress?.(first + part.rows);
  }
  return algebra.gram64({ rows, columns, values }, "rows");
}

/** `count` examples from `first` on, or those there are: a copy in shared memory, so that no thread copies all. */
export function exampleRange(features: Matrix, first: number, count: number): Matrix {
  const rows = Math.min(count, features.rows - first);
  const { columns } = features;
  const part = sharedMatrix(rows, columns);
  part.values.set(features.values.subarray(first * columns, (first + rows) * columns));
  return part;
}

function judge(
  eigenvalues: Float64Array,
  rank: number,
  size: number,
  precision: Precision,
): Pick<ExactSpectrum, "singularValues" | "nextSingularValue" | "residualBounds"> {
  const rounding = size * Number.EPSILON;
  const share = Math.max(Math.sqrt(rounding), precision === "float32" ? numericalZero : 0);
  const largest = Math.sqrt(Math.max(0, eigenvalues[0]));
  const values = eigenvalues.map((value) => {
    const root = Math.sqrt(Math.max(0, value));
    return root > share * largest ? root : 0;
  });
  const residualBounds = values
    .slice(0, rank)
    .map((value) => (value > 0 ? (rounding * largest * largest) / value : share * largest));
  return {
    singularValues: values.slice(0, rank),
    nextSingularValue: values[rank] ?? 0,
    residualBounds,
  };
}

function traceOf(gram: Matrix64): number {
  let sum = 0;
  for (let index = 0; index < gram.rows; index += 1) sum += gram.values[index * (gram.columns + 1)];
  return sum;
}
