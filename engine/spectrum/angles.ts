import { setImmediate } from "node:timers/promises";
import type { LinearAlgebra } from "../engine.js";
import type { InformationSpace } from "./projection.js";
import { solveLower } from "./triangle.js";

/**
 * Cosines of the principal angles of two information spaces of the same R^{nK}, largest first, min(r_a, r_b) of them.
 *
 * They are the singular values of Q_aᵀQ_b with both bases re-orthonormalised in float64, taken as the eigenvalues of
 * [[0, M], [Mᵀ, 0]], so that every cosine, near 1 or near 0, is good to 1e-14 or so (through MᵀM small ones would
 * lose half their digits). Björck & Golub 1973.
 */
export async function principalCosines(
  algebra: LinearAlgebra,
  one: InformationSpace,
  other: InformationSpace,
): Promise<Float64Array> {
  const count = Math.min(one.rank, other.rank);
  if (count === 0) return new Float64Array(0);
  const { dimension } = one;
  const rows = one.rank + other.rank;
  const stacked = new Float64Array(new SharedArrayBuffer(8 * rows * dimension));
  stacked.set(one.vectors.values, 0);
  stacked.set(other.vectors.values, one.rank * dimension);
  const gram = (await algebra.gram64({ rows, columns: dimension, values: stacked }, "rows")).values;

  // M = L_a⁻¹ (U_aᵀU_b) L_b⁻ᵀ: first the columns, then the rows.
  const overlaps = new Float64Array(rows * rows);
  for (let column = 0; column < other.rank; column += 1) {
    const values = Float64Array.from({ length: one.rank }, (_, row) => gram[row * rows + one.rank + column]);
    solveLower(one.triangle, values);
    for (let row = 0; row < one.rank; row += 1) overlaps[row * rows + one.rank + column] = values[row];
    if (column % 64 === 63) await setImmediate();
  }
  for (let row = 0; row < one.rank; row += 1) {
    const values = solveLower(other.triangle, overlaps.subarray(row * rows + one.rank, (row + 1) * rows));
    for (let column = 0; column < other.rank; column += 1) {
      overlaps[(one.rank + column) * rows + row] = values[column];
    }
    if (row % 64 === 63) await setImmediate();
  }
  const { values } = await algebra.symmetricEigen({ rows, columns: rows, values: overlaps }, count);
  return values.map((value) => Math.min(1, Math.max(0, value)));
}
