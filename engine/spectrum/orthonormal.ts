import type { LinearAlgebra, Matrix, Matrix64 } from "../engine.js";

/** Gram eigenvalues below this share are rounding, not directions (design §5): 1e-7 of a column's length. */
export const negligibleEigenvalue = 1e-14;

/** A pass that keeps at least this share of the squared length of every direction needs no other after it. */
const settledShare = 0.5;

const maximalPasses = 5;

/** What a block has outside the span of a basis. */
export interface Remainder {
  /** W = Z − Q(QᵀZ), rounded to float32 once a basis block; m × b. */
  readonly block: Matrix;
  /** WᵀW, b × b, float64. */
  readonly gram: Matrix64;
  /** ‖column of Z‖², length b. */
  readonly squaredNorms: Float64Array;
}

/**
 * Projects `block` (m × b) out of the span of `basis` (orthonormal blocks m × c), one block after the other, writing over
 * it unless there is no basis.
 */
export async function remainderOf(
  algebra: LinearAlgebra,
  block: Matrix,
  basis: readonly Matrix[],
): Promise<Remainder> {
  const projected = new Float64Array(block.columns);
  let rest = block;
  for (const part of basis) {
    const overlaps = await algebra.crossProduct(part, rest);
    rest = await algebra.subtract(rest, part, overlaps);
    for (let index = 0; index < overlaps.values.length; index += 1) {
      projected[index % block.columns] += overlaps.values[index] ** 2;
    }
  }
  const gram = await algebra.crossProduct(rest, rest);
  const squaredNorms = projected.map((value, column) => value + gram.values[column * (block.columns + 1)]);
  return { block: rest, gram, squaredNorms };
}

/**
 * An orthonormal basis (m × c, float32, c ≤ limit) of what a remainder holds besides rounding, orthogonal to
 * `basis`, strongest directions first; undefined when nothing is left. Design §5, block Krylov.
 *
 * Columns are normalised by their length *before* projection, so that a remainder that is all rounding is seen as
 * such. Dividing by small Gram eigenvalues enlarges the rounding along the old basis, hence a second pass of
 * projection and Gram, and further ones until a pass takes next to nothing away. The remainder's block is written over.
 */
export async function orthonormalRemainder(
  algebra: LinearAlgebra,
  remainder: Remainder,
  basis: readonly Matrix[],
  limit: number,
): Promise<Matrix | undefined> {
  let current = remainder;
  let over: Matrix | undefined;
  for (let pass = 1; ; pass += 1) {
    const { coefficients, smallest } = await gramBasis(algebra, current, limit);
    if (coefficients.columns === 0) return undefined;
    const block = await algebra.combine(current.block, coefficients, over);
    over = current.block;
    if (pass >= 2 && (smallest >= settledShare || pass === maximalPasses)) return block;
    current = await remainderOf(algebra, block, basis);
  }
}

/** {@link remainderOf} and {@link orthonormalRemainder} in one: the orthonormal part of `block` outside `basis`. */
export async function orthonormalBlock(
  algebra: LinearAlgebra,
  block: Matrix,
  basis: readonly Matrix[],
  limit: number,
): Promise<Matrix | undefined> {
  return orthonormalRemainder(algebra, await remainderOf(algebra, block, basis), basis, limit);
}

/** Coefficients C such that W·C is orthonormal, from the eigenpairs of the Gram matrix of normalised columns. */
async function gramBasis(
  algebra: LinearAlgebra,
  { gram, squaredNorms }: Remainder,
  limit: number,
): Promise<{ readonly coefficients: Matrix64; readonly smallest: number }> {
  const size = gram.rows;
  const inverses = squaredNorms.map((value) => (value > 0 ? 1 / Math.sqrt(value) : 0));
  const normalised = gram.values.map(
    (value, index) => value * inverses[Math.floor(index / size)] * inverses[index % size],
  );
  const pairs = await algebra.symmetricEigen({ rows: size, columns: size, values: normalised }, size);
  const floor = negligibleEigenvalue * Math.max(1, pairs.values[0]);
  const kept = Math.min(limit, pairs.values.filter((value) => value > floor).length);
  const values = new Float64Array(size * kept);
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < kept; column += 1) {
      const entry = pairs.vectors.values[row * size + column];
      values[row * kept + column] = (entry * inverses[row]) / Math.sqrt(pairs.values[column]);
    }
  }
  return { coefficients: { rows: size, columns: kept, values }, smallest: pairs.values[kept - 1] ?? 0 };
}
