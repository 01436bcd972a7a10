import type { JacobianBasis, Matrix64 } from "jacoflow";

/**
 * The kernel K = J Jᵀ (nK × nK, row i·K + k is output k of example i) as far as a basis of J goes: K = K_r + E with
 * K_r = U S Uᵀ, S = diag(σ_1², …, σ_r²), and E the rest, whose vectors are orthogonal to U.
 */
export interface Kernel {
  /** r × nK: u_i, one a row. */
  readonly vectors: Matrix64;
  /** σ_i², descending. */
  readonly eigenvalues: Float64Array;
  /** ‖K_r‖_F. */
  readonly norm: number;
  /** No eigenvalue of E is above this: σ_{r+1}². */
  readonly nextEigenvalue: number;
  /** ‖E‖_F is not above this: (σ_{r+1}² tr E)^½, tr E = ‖J‖_F² − Σ σ_i². */
  readonly restNorm: number;
}

/** A · Aᵀ in float64. */
export type Gram = (rows: Matrix64) => Promise<Matrix64>;

/** A number and how far the one of the whole kernel can be from it. */
export interface Bounded {
  readonly value: number;
  readonly bound: number;
}

/** Matrices of an engine's algebra lie in shared memory, which its threads reach without a copy. */
export function sharedMatrix(rows: number, columns: number): Matrix64 {
  return { rows, columns, values: new Float64Array(new SharedArrayBuffer(8 * rows * columns)) };
}

/** The kernel of a Jacobian whose leading left singular vectors are given. */
export function kernelOf({
  vectors,
  singularValues,
  nextSingularValues,
  energyShares,
}: JacobianBasis): Kernel {
  const { rows, columns } = vectors;
  const own = sharedMatrix(rows, columns);
  own.values.set(vectors.values);
  const eigenvalues = Float64Array.from(singularValues, (value) => value ** 2);
  const captured = energyShares.reduce((sum, share) => sum + share, 0);
  const total = energyShares[0] > 0 ? eigenvalues[0] / energyShares[0] : 0;
  const restTrace = rows === columns ? 0 : Math.max(0, total * (1 - captured));
  const next = nextSingularValues[rows - 1] ** 2;
  // A basis that ends where it does not know what follows says 0: then σ_r is the bound there is.
  const nextEigenvalue = restTrace === 0 ? 0 : next > 0 ? next : eigenvalues[rows - 1];
  return {
    vectors: own,
    eigenvalues,
    norm: Math.hypot(...eigenvalues),
    nextEigenvalue,
    restNorm: Math.sqrt(nextEigenvalue * restTrace),
  };
}
