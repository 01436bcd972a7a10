import { setImmediate } from "node:timers/promises";
import type { LinearAlgebra, Matrix, Matrix64 } from "../engine.js";

/** Values at or below this share of the largest are 0 to float32 rows: a few roundings of the largest. */
export const numericalZero = 2 ** -22;

const unitRoundoff = 2 ** -24;

/** A zero value is believed when its remainder is no larger than this many roundings of what it was taken from. */
const exhaustedRoundings = 16;

/** The part of a block's Z that the basis does not hold. */
export interface OpenRemainder {
  /** Column of the basis where the block begins. */
  readonly offset: number;
  /** WᵀW, b × b. */
  readonly gram: Matrix64;
}

/** What the values of one round are worth. All arrays as long as the values asked for. */
export interface Assessment {
  /** Largest first; values that are 0 in float32, and those beyond the columns there are, are exactly 0. */
  readonly values: Float64Array;
  /** Bound on ‖Jᵀu − σv‖, hence on the distance to a singular value of J, roundings of Y and Z included. */
  readonly residualBounds: Float64Array;
  /** The lesser of the bound and the second-order error, over σ. */
  readonly errorEstimates: Float64Array;
  readonly converged: boolean;
}

/** YᵀY of all products so far, from that of the earlier ones: only the last block's rows are computed. */
export async function grownGram(
  algebra: LinearAlgebra,
  gram: Matrix64 | undefined,
  products: readonly Matrix[],
): Promise<Matrix64> {
  const old = gram?.rows ?? 0;
  const last = products[products.length - 1];
  const size = old + last.columns;
  const values = new Float64Array(size * size);
  for (let row = 0; row < old; row += 1) {
    values.set(gram!.values.subarray(row * old, (row + 1) * old), row * size);
  }
  let column = 0;
  for (const product of products) {
    const part = await algebra.crossProduct(last, product);
    for (let i = 0; i < part.rows; i += 1) {
      for (let j = 0; j < part.columns; j += 1) {
        const value = part.values[i * part.columns + j];
        values[(old + i) * size + column + j] = value;
        values[(column + j) * size + old + i] = value;
      }
    }
    column += product.columns;
  }
  return { rows: size, columns: size, values };
}

/**
 * Judges the `wanted` largest Ritz values.
 *
 * With Q orthonormal and c the coefficients of v = Qc, JᵀJv − σ²v lies outside the basis and is Σ W_t c_t over the
 * open remainders, so that ρ = ‖Jᵀu − σv‖ = ‖Σ W_t c_t‖/σ needs their Gram matrices only. The rounding of Y and Z to
 * float32 is added at the length each column contributes.
 *
 * @param eigenvalues of YᵀY, descending; `vectors` M × (at least as many), one a column
 * @param squaredNorms ‖column of Z‖² for all M columns
 */
export async function assess(
  eigenvalues: Float64Array,
  vectors: Matrix64,
  squaredNorms: Float64Array,
  open: readonly OpenRemainder[],
  wanted: number,
  tolerance: number,
): Promise<Assessment> {
  const all = eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
  const zero = numericalZero * all[0];
  const bounds = new Float64Array(all.length).fill(zero);
  let converged = all.length >= wanted;
  let work = 0;
  for (let index = 0; index < all.length; index += 1) {
    let outside = 0;
    for (const remainder of open) outside += remainderLength(remainder, vectors, index);
    let scale = 0;
    for (let row = 0; row < vectors.rows; row += 1) {
      scale += vectors.values[row * vectors.columns + index] ** 2 * squaredNorms[row];
    }
    const rounding = unitRoundoff * Math.sqrt(scale);
    if (all[index] > zero) bounds[index] = (outside + rounding) / all[index] + unitRoundoff * all[index];
    else if (index < wanted) converged &&= outside <= exhaustedRoundings * rounding;
    work += open.reduce((sum, { gram }) => sum + gram.values.length, 0);
    if (work > 1e7) {
      work = 0;
      await setImmediate();
    }
  }
  const values = new Float64Array(wanted);
  const residualBounds = new Float64Array(wanted).fill(zero);
  const errorEstimates = new Float64Array(wanted);
  for (let index = 0; index < Math.min(wanted, all.length) && all[index] > zero; index += 1) {
    const value = all[index];
    const error = Math.min(bounds[index], secondOrderError(all, bounds, index));
    values[index] = value;
    residualBounds[index] = bounds[index];
    errorEstimates[index] = error / value;
    converged &&= error <= Math.max(tolerance * value, zero);
  }
  return { values, residualBounds, errorEstimates, converged };
}

/** A Ritz value whose residual is at most this share of it stands for a value of its own. */
const resolvedShare = 0.1;

/**
 * σ ρ²/(2(σ² − μ²)): what a Ritz value lacks of a singular value, to second order. The residual is orthogonal to the whole
 * basis, so that the other Ritz values do not matter; μ bounds the values that the basis does not hold, as the least θ + ρ
 * of the Ritz values after this one, down to the first that is not resolved. Infinite when none of them lies below σ.
 */
function secondOrderError(values: Float64Array, bounds: Float64Array, index: number): number {
  let outside = index + 1 < values.length ? Number.POSITIVE_INFINITY : 0;
  for (let next = index + 1; next < values.length; next += 1) {
    outside = Math.min(outside, values[next] + bounds[next]);
    if (bounds[next] > resolvedShare * values[next]) break;
  }
  const value = values[index];
  if (outside >= value) return Number.POSITIVE_INFINITY;
  return (value * bounds[index] ** 2) / (2 * (value - outside) * (value + outside));
}

/** ‖W c‖ from the Gram matrix of W, c being part of column `index` of `vectors`. */
function remainderLength({ offset, gram }: OpenRemainder, vectors: Matrix64, index: number): number {
  let squared = 0;
  for (let row = 0; row < gram.rows; row += 1) {
    let sum = 0;
    for (let column = 0; column < gram.columns; column += 1) {
      const coefficient = vectors.values[(offset + column) * vectors.columns + index];
      sum += gram.values[row * gram.columns + column] * coefficient;
    }
    squared += sum * vectors.values[(offset + row) * vectors.columns + index];
  }
  return Math.sqrt(Math.max(0, squared));
}

/** The `count` first columns of `vectors`, each divided by its value when `values` are given. */
export function coefficientsOf(vectors: Matrix64, count: number, divisors?: Float64Array): Matrix64 {
  const values = new Float64Array(vectors.rows * count);
  for (let row = 0; row < vectors.rows; row += 1) {
    for (let column = 0; column < count; column += 1) {
      const entry = vectors.values[row * vectors.columns + column];
      values[row * count + column] = divisors === undefined ? entry : entry / divisors[column];
    }
  }
  return { rows: vectors.rows, columns: count, values };
}
