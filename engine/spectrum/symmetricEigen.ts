import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { Matrix64 } from "../engine.js";
import { implicitShifts, rotate } from "./implicitShifts.js";
import { reflectBack, tridiagonalise } from "./tridiagonal.js";

/** Vectors are formed this many at a time, so that a strip of them stays in cache. */
const stripWidth = 32;

/**
 * Largest `count` eigenpairs of a symmetric n × n matrix in float64 by reducing it to tridiagonal form: values
 * descending, vectors n × count, one a column, orthonormal to rounding whatever ties, clusters or rank. Only the lower
 * triangle is read.
 *
 * Errors of the values are of the order of n·ε·‖A‖, so that a singular value taken from a Gram matrix loses its
 * digits below about 1e-8 of the largest.
 *
 * @throws JacoflowError NOT_FINITE when the matrix has a NaN or an infinity
 */
export function fullEigen(
  matrix: Matrix64,
  count: number,
): { readonly values: Float64Array; readonly vectors: Matrix64 } {
  const size = matrix.rows;
  const work = new Float64Array(matrix.values);
  const largest = largestEntry(matrix);
  const scale = largest === 0 ? 1 : largest;
  for (let i = 0; i < work.length; i += 1) work[i] /= scale;

  const tridiagonal = tridiagonalise(work, size);
  const rotations = implicitShifts(tridiagonal.diagonal, tridiagonal.offDiagonal);
  const order = Array.from(rotations.values.keys()).sort(
    (left, right) => rotations.values[right] - rotations.values[left] || left - right,
  );
  const wanted = order.slice(0, count);
  const values = Float64Array.from(wanted, (index) => rotations.values[index] * scale);
  const vectors = new Float64Array(size * wanted.length);
  for (let first = 0; first < wanted.length; first += stripWidth) {
    const width = Math.min(stripWidth, wanted.length - first);
    const strip = new Float64Array(size * width);
    for (let column = 0; column < width; column += 1) strip[wanted[first + column] * width + column] = 1;
    rotate(rotations, strip, width);
    reflectBack(tridiagonal, strip, width);
    for (let row = 0; row < size; row += 1) {
      vectors.set(strip.subarray(row * width, (row + 1) * width), row * wanted.length + first);
    }
  }
  return { values, vectors: { rows: size, columns: wanted.length, values: vectors } };
}

/** max |a_ij|. @throws JacoflowError NOT_FINITE */
export function largestEntry({ values }: Matrix64): number {
  let largest = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = Math.abs(values[i]);
    if (!(value <= Number.MAX_VALUE)) throw spectrumErrors.notFinite("a Gram matrix", values[i]);
    if (value > largest) largest = value;
  }
  return largest;
}
