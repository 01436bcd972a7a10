import { weightedSquares } from "./alignment.js";
import { type Bounded, type Gram, type Kernel, sharedMatrix } from "./kernel.js";

/**
 * Distance of two kernels on the same examples (Fort et al. 2020): S = 1 − ⟨K, K'⟩_F / (‖K‖_F ‖K'‖_F), 0 ≤ S ≤ 1, by
 * ⟨K_r, K'_r⟩ = Σ_ij σ_i² σ'_j² (u_iᵀu'_j)². `value` is that of K_r and K'_r. With K = K_r + E, K' = K'_r + E', all
 * positive: ⟨K, K'⟩ is above ⟨K_r, K'_r⟩ by no more than ⟨K_r, E'⟩ + ⟨E, K'_r⟩ + ‖E‖‖E'‖, where
 * ⟨K_r, E'⟩ ≤ min(σ'_{r+1}² Σ_i σ_i² ‖(I − U'U'ᵀ)u_i‖², ‖K_r‖‖E'‖), and ‖K_r‖² ≤ ‖K‖² ≤ ‖K_r‖² + ‖E‖².
 */
export async function distance(one: Kernel, other: Kernel, gram: Gram): Promise<Bounded> {
  const overlaps = await innerProducts(one, other, gram);
  const common = weightedSquares(overlaps, one.eigenvalues, other.eigenvalues);
  const norms = one.norm * other.norm;
  const value = common / norms;
  const beyond =
    crossing(one, other, (i, j) => overlaps[i * other.eigenvalues.length + j]) +
    crossing(other, one, (i, j) => overlaps[j * other.eigenvalues.length + i]) +
    one.restNorm * other.restNorm;
  const lowest = common / (Math.hypot(one.norm, one.restNorm) * Math.hypot(other.norm, other.restNorm));
  const highest = Math.min(1, (common + beyond) / norms);
  return { value: Math.max(0, 1 - value), bound: Math.max(value - lowest, highest - value, 0) };
}

/** What ⟨K_r, E'⟩ is at most, E' the rest of `other`. */
function crossing(one: Kernel, other: Kernel, overlap: (i: number, j: number) => number): number {
  let outside = 0;
  for (let i = 0; i < one.eigenvalues.length; i += 1) {
    let inside = 0;
    for (let j = 0; j < other.eigenvalues.length; j += 1) inside += overlap(i, j) ** 2;
    outside += one.eigenvalues[i] * Math.max(0, 1 - inside);
  }
  return Math.min(other.nextEigenvalue * outside, one.norm * other.restNorm);
}

/** u_iᵀu'_j, r × r' row-major. */
async function innerProducts(one: Kernel, other: Kernel, gram: Gram): Promise<Float64Array> {
  const [a, b] = [one.vectors, other.vectors];
  const stacked = sharedMatrix(a.rows + b.rows, a.columns);
  stacked.values.set(a.values);
  stacked.values.set(b.values, a.values.length);
  const { values } = await gram(stacked);
  const overlaps = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i += 1) {
    const start = i * stacked.rows + a.rows;
    overlaps.set(values.subarray(start, start + b.rows), i * b.rows);
  }
  return overlaps;
}
