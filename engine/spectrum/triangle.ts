import { setImmediate } from "node:timers/promises";

/** Flops between two turns of the event loop. */
const slice = 2e7;

/**
 * L of G = L Lᵀ (n × n, row-major, lower; the rest zero) in float64, for the Gram matrix of vectors that are
 * orthonormal but for rounding: as good as Gram–Schmidt there. Lets the event loop turn.
 */
export async function cholesky(gram: Float64Array, size: number): Promise<Float64Array> {
  const lower = new Float64Array(size * size);
  let work = 0;
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = gram[row * size + column];
      for (let k = 0; k < column; k += 1) sum -= lower[row * size + k] * lower[column * size + k];
      lower[row * size + column] = column === row ? Math.sqrt(sum) : sum / lower[column * size + column];
    }
    work += row * row;
    if (work > slice) {
      work = 0;
      await setImmediate();
    }
  }
  return lower;
}

/** x with L x = right; in place. */
export function solveLower(lower: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  for (let row = 0; row < size; row += 1) {
    let sum = right[row];
    for (let k = 0; k < row; k += 1) sum -= lower[row * size + k] * right[k];
    right[row] = sum / lower[row * size + row];
  }
  return right;
}

/** x with Lᵀ x = right; in place. */
export function solveUpper(lower: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  for (let row = size - 1; row >= 0; row -= 1) {
    const value = right[row] / lower[row * size + row];
    right[row] = value;
    for (let k = 0; k < row; k += 1) right[k] -= lower[row * size + k] * value;
  }
  return right;
}
