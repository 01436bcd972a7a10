import type { Matrix64 } from "../../engine/engine.js";
import { randomSource } from "../../engine/random.js";

/** A dense symmetric matrix with exactly these eigenvalues, up to rounding: a diagonal between two reflections. */
export function symmetricWith(eigenvalues: readonly number[], seed: string): Matrix64 {
  const n = eigenvalues.length;
  const random = randomSource(seed);
  const values = new Float64Array(n * n);
  eigenvalues.forEach((value, i) => {
    values[i * (n + 1)] = value;
  });
  for (let reflection = 0; reflection < 2; reflection += 1) {
    const u = Float64Array.from({ length: n }, () => random.normal());
    const length = Math.hypot(...u);
    for (let i = 0; i < n; i += 1) u[i] /= length;
    // (I − 2uuᵀ) A (I − 2uuᵀ) = A − u wᵀ − w uᵀ, w = 2Au − 2(uᵀAu)u.
    const product = u.map((_, i) => u.reduce((sum, value, j) => sum + values[i * n + j] * value, 0));
    const curvature = u.reduce((sum, value, i) => sum + value * product[i], 0);
    const w = product.map((value, i) => 2 * (value - curvature * u[i]));
    for (let i = 0; i < n; i += 1)
      for (let j = 0; j < n; j += 1) values[i * n + j] -= u[i] * w[j] + w[i] * u[j];
  }
  return { rows: n, columns: n, values };
}

/** Ties, a cluster, a graded part, negative values and zeros: 1,100 in all. */
export const manyEigenvalues: readonly number[] = [
  ...Array<number>(30).fill(5),
  ...Array.from({ length: 20 }, (_, i) => 3 + 1e-9 * i),
  ...Array.from({ length: 300 }, (_, i) => 10 ** (-i / 30)),
  ...Array.from({ length: 50 }, (_, i) => -1 - i / 100),
  ...Array<number>(700).fill(0),
];
