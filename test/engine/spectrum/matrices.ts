import type { LinearAlgebra, Matrix, Matrix64 } from "../../../engine/engine.js";
import { randomSource } from "../../../engine/random.js";
import { gaussianMatrix, rounded, widened } from "../../../engine/spectrum/blocks.js";
import type { SweepOperator } from "../../../engine/spectrum/operator.js";
import { orthonormalBlock } from "../../../engine/spectrum/orthonormal.js";

/** `count` values by a rule, 0-based. */
export function sequence(count: number, rule: (index: number) => number): number[] {
  return Array.from({ length: count }, (_, index) => rule(index));
}

/** A float32 rows × columns matrix U diag(values) Vᵀ with random orthonormal U and V, and those. */
export async function matrixOfSpectrum(
  algebra: LinearAlgebra,
  rows: number,
  columns: number,
  values: readonly number[],
  seed: string,
): Promise<{ readonly matrix: Matrix; readonly left: Matrix; readonly right: Matrix }> {
  const random = randomSource(seed);
  const count = values.length;
  const left = await orthonormalBlock(algebra, await gaussianMatrix(random, rows, count), [], count);
  const right = await orthonormalBlock(algebra, await gaussianMatrix(random, columns, count), [], count);
  if (left === undefined || right === undefined) throw new Error("no basis");
  const scaled = new Float64Array(count * columns);
  for (let column = 0; column < columns; column += 1) {
    for (let k = 0; k < count; k += 1) {
      scaled[k * columns + column] = values[k] * right.values[column * count + k];
    }
  }
  return { matrix: await algebra.combine(left, { rows: count, columns, values: scaled }), left, right };
}

/** A matrix as an operator, multiplied in float64. */
export function matrixOperator(algebra: LinearAlgebra, matrix: Matrix): SweepOperator {
  const frobeniusSquared = matrix.values.reduce((sum, value) => sum + value * value, 0);
  return {
    rows: matrix.rows,
    columns: matrix.columns,
    async sweep(block, work) {
      work?.signal?.throwIfAborted();
      const product = await algebra.combine(matrix, await widened(block));
      const backProduct = await rounded(await algebra.crossProduct(matrix, product));
      return { product, backProduct, frobeniusSquared };
    },
  };
}

/** Singular values of a float32 matrix in float64, descending, by the Gram matrix of its smaller side. */
export async function exactValues(algebra: LinearAlgebra, matrix: Matrix, count: number): Promise<number[]> {
  const wide: Matrix64 = { ...matrix, values: Float64Array.from(matrix.values) };
  const gram = await algebra.gram64(wide, matrix.rows <= matrix.columns ? "rows" : "columns");
  const { values } = await algebra.symmetricEigen(gram, Math.min(count, gram.rows));
  return sequence(count, (index) => Math.sqrt(Math.max(0, values[index] ?? 0)));
}

/** Largest entry of |AᵀA − I| over all blocks of columns together. */
export async function orthogonalityDefect(
  algebra: LinearAlgebra,
  blocks: readonly Matrix[],
): Promise<number> {
  let worst = 0;
  for (const [i, left] of blocks.entries()) {
    for (const [j, right] of blocks.entries()) {
      const { values, columns } = await algebra.crossProduct(left, right);
      for (let index = 0; index < values.length; index += 1) {
        const same = i === j && Math.floor(index / columns) === index % columns;
        worst = Math.max(worst, Math.abs(values[index] - (same ? 1 : 0)));
      }
    }
  }
  return worst;
}
