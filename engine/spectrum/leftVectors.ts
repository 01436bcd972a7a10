import type { LinearAlgebra, Matrix, Matrix64 } from "../engine.js";
import type { RandomSource } from "../random.js";
import { besideEachOther, columnRange, gaussianMatrix, rowRange } from "./blocks.js";
import { remainderOf } from "./orthonormal.js";
import { sharedMatrix } from "./products.js";

const stripWidth = 64;

/** Rows that are put side by side at a time. */
export const stripRows = 1 << 14;

/** [A_0, A_1, …] C, rounded to float32 once: blocks of equally many rows, which are never side by side all at once. */
export async function combinedColumns(
  algebra: LinearAlgebra,
  blocks: readonly Matrix[],
  coefficients: Matrix64,
): Promise<Matrix> {
  const { rows } = blocks[0];
  if (rows <= stripRows) return algebra.combine(await besideEachOther(blocks), coefficients);
  const result = sharedMatrix(rows, coefficients.columns);
  for (let first = 0; first < rows; first += stripRows) {
    const count = Math.min(stripRows, rows - first);
    const strip = await besideEachOther(blocks.map((block) => rowRange(block, first, count)));
    const part = await algebra.combine(strip, coefficients);
    result.values.set(part.values, first * result.columns);
  }
  return result;
}

/**
 * Makes columns that are orthonormal but for rounding orthonormal to float32 and fills up to `count` columns.
 *
 * `vectors` (nK × c, c ≤ count) come strongest first: each strip is projected out of the strips before it, twice,
 * and then made orthonormal by W(WᵀW)^(−½), which of all orthonormal sets is the nearest, so that no vector moves
 * by more than its rounding. The columns after c belong to singular values that are 0 in the arithmetic used; they
 * are any orthonormal completion, drawn from `random`, and no information space may count them (projection.ts).
 */
export async function orthonormalColumns(
  algebra: LinearAlgebra,
  vectors: Matrix | undefined,
  rows: number,
  count: number,
  random: RandomSource,
): Promise<Matrix> {
  const given = vectors?.columns ?? 0;
  const candidates = vectors === undefined ? [] : [vectors];
  if (given < count) candidates.push(await gaussianMatrix(random, rows, count - given));
  const all = await besideEachOther(candidates);
  const strips: Matrix[] = [];
  let first = 0;
  while (first < count) {
    // No strip has both: made orthonormal together, what is drawn would move what is given.
    const end = first < given ? given : count;
    let strip = columnRange(all, first, Math.min(stripWidth, end - first));
    first += strip.columns;
    for (let pass = 0; pass < 2; pass += 1) {
      const remainder = await remainderOf(algebra, strip, strips);
      strip = await algebra.combine(remainder.block, await inverseSquareRoot(algebra, remainder.gram));
    }
    strips.push(strip);
  }
  return besideEachOther(strips);
}

/** G^(−½) of a positive definite matrix whose columns may differ in scale. */
async function inverseSquareRoot(algebra: LinearAlgebra, gram: Matrix64): Promise<Matrix64> {
  const size = gram.rows;
  const inverses = Float64Array.from({ length: size }, (_, i) => 1 / Math.sqrt(gram.values[i * (size + 1)]));
  const normalised = gram.values.map(
    (value, index) => value * inverses[Math.floor(index / size)] * inverses[index % size],
  );
  const { values, vectors } = await algebra.symmetricEigen(
    { rows: size, columns: size, values: normalised },
    size,
  );
  const smallest = Number.EPSILON * values[0];
  const result = new Float64Array(size * size);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      let sum = 0;
      for (let k = 0; k < size; k += 1) {
        const share = vectors.values[row * size + k] * vectors.values[column * size + k];
        sum += share / Math.sqrt(Math.max(smallest, values[k]));
      }
      result[row * size + column] = sum * inverses[row];
    }
  }
  return { rows: size, columns: size, values: result };
}
