import { setImmediate } from "node:timers/promises";
import type { Matrix64 } from "jacoflow";
import { type Bounded, type Gram, type Kernel, sharedMatrix } from "./kernel.js";

/** How features and labels are centred: each output over the examples, or not at all. */
export type Centring = "outputs" | "none";

/** What centring leaves of something constant, as a share of it. */
const rounding = 1e-12;

/**
 * Alignment of a kernel with labels (Baratin et al. 2021; Cortes et al. 2012):
 *
 * A = ⟨CKC, yyᵀ⟩_F / (‖CKC‖_F ‖Cy‖²) = yᵀCKCy / (‖CKC‖_F ‖Cy‖²), 0 ≤ A ≤ 1,
 *
 * C = (I_n − 11ᵀ/n) ⊗ I_K, which takes from every output its mean over the examples, or the identity. `value` is that of
 * K_r. With K = K_r + E both positive, ‖CK_rC‖ ≤ ‖CKC‖ ≤ ‖CK_rC‖ + ‖E‖, and yᵀCECy ≤ σ_{r+1}² ‖(I − UUᵀ)Cy‖²: between the
 * two ends these give, A of the whole kernel lies. NaN where Cy or CK_rC is 0 up to rounding.
 *
 * @param target y, length nK, one-hot labels
 * @param outputs K
 */
export async function alignment(
  kernel: Kernel,
  target: Float64Array,
  outputs: number,
  centring: Centring,
  gram: Gram,
): Promise<Bounded> {
  const { eigenvalues, nextEigenvalue, restNorm } = kernel;
  const centre = async (rows: Matrix64) => (centring === "none" ? rows : centred(rows, outputs));
  const vectors = await centre(kernel.vectors);
  const { values: labels } = await centre({ rows: 1, columns: target.length, values: target });
  let along = 0;
  let rest = dot(labels, labels);
  const labelNorm = rest;
  for (let i = 0; i < vectors.rows; i += 1) {
    const share = dot(rowOf(vectors, i), labels) ** 2;
    along += eigenvalues[i] * share;
    rest -= share;
    await turn(i);
  }
  const products = await gram(vectors);
  const norm = Math.sqrt(weightedSquares(products.values, eigenvalues, eigenvalues));
  const nothing = labelNorm <= rounding * dot(target, target) || norm <= rounding * kernel.norm;
  if (nothing) return { value: Number.NaN, bound: Number.NaN };
  const value = along / (norm * labelNorm);
  const lowest = along / ((norm + restNorm) * labelNorm);
  const highest = Math.min(1, (along + nextEigenvalue * Math.max(0, rest)) / (norm * labelNorm));
  return { value, bound: Math.max(value - lowest, highest - value) };
}

/** Σ_ij a_i b_j m_ij², m a × b row-major. */
export function weightedSquares(matrix: Float64Array, left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < left.length; i += 1) {
    let row = 0;
    for (let j = 0; j < right.length; j += 1) row += right[j] * matrix[i * right.length + j] ** 2;
    sum += left[i] * row;
  }
  return sum;
}

/** Others get a turn of the event loop after every few rows: one may have a hundred thousand numbers. */
async function turn(row: number): Promise<void> {
  if (row % 16 === 15) await setImmediate();
}

/** Every row minus, output by output, its mean over the examples. */
async function centred({ rows, columns, values }: Matrix64, outputs: number): Promise<Matrix64> {
  const result = sharedMatrix(rows, columns);
  const examples = columns / outputs;
  for (let row = 0; row < rows; row += 1) {
    const means = new Float64Array(outputs);
    for (let at = 0; at < columns; at += 1) means[at % outputs] += values[row * columns + at] / examples;
    for (let at = 0; at < columns; at += 1) {
      result.values[row * columns + at] = values[row * columns + at] - means[at % outputs];
    }
    await turn(row);
  }
  return result;
}

function rowOf({ columns, values }: Matrix64, row: number): Float64Array {
  return values.subarray(row * columns, (row + 1) * columns);
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < left.length; at += 1) sum += left[at] * right[at];
  return sum;
}
