import type { LinearAlgebra, Matrix, Matrix64 } from "../engine.js";

/** The largest singular values of ν Σ(X)^½ and their left vectors, as those of a Jacobian are given. */
export interface KernelSpectrum {
  readonly method: "multiclass-ntk";
  readonly exact: true;
  /** `rank` long, descending. */
  readonly singularValues: Float64Array;
  /** σ_{rank+1}; 0 when there is none. */
  readonly nextSingularValue: number;
  /** nK × rank, rows sample-major (i·K + k), float32. */
  readonly leftVectors: Matrix;
  /** Rounding of the eigenvalues, as a bound on the error of each value. */
  readonly residualBounds: Float64Array;
  /** ν² tr Σ(X). */
  readonly frobeniusSquared: number;
}

/**
 * Σ(X) = I_K ⊗ block (paper §1): every eigenvalue λ of the block K times over, with the eigenvectors that are its own on
 * one output and 0 on the others. `rank` is at most nK; a cut within K equal values takes the outputs in their order.
 */
export async function kernelSpectrum(
  algebra: LinearAlgebra,
  block: Matrix64,
  { classes, rank, variance }: { readonly classes: number; readonly rank: number; readonly variance: number },
): Promise<KernelSpectrum> {
  const n = block.rows;
  const count = Math.min(n, Math.floor(rank / classes) + 1);
  const { values, vectors } = await algebra.symmetricEigen(block, count);
  const sigma = (s: number) => Math.sqrt(variance * Math.max(0, values[Math.floor(s / classes)] ?? 0));
  const left = new Float32Array(new SharedArrayBuffer(4 * n * classes * rank));
  for (let s = 0; s < rank; s += 1) {
    const column = Math.floor(s / classes);
    const output = s % classes;
    for (let i = 0; i < n; i += 1) {
      left[(i * classes + output) * rank + s] = vectors.values[i * vectors.columns + column];
    }
  }
  let trace = 0;
  for (let i = 0; i < n; i += 1) trace += block.values[i * (n + 1)];
  const singularValues = Float64Array.from({ length: rank }, (_, s) => sigma(s));
  const rounding = n * Number.EPSILON * sigma(0) ** 2;
  return {
    method: "multiclass-ntk",
    exact: true,
    singularValues,
    nextSingularValue: sigma(rank),
    leftVectors: { rows: n * classes, columns: rank, values: left },
    residualBounds: singularValues.map((value) => rounding / Math.max(value, Math.sqrt(rounding))),
    frobeniusSquared: variance * classes * trace,
  };
}
