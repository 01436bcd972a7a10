import { type LinearisedStart, linearisedBounds, linearisedState } from "./linearised.js";

/** A vector on the singular vectors of J (or of the kernel E[JJᵀ]), and what else the theorems depend on. */
export interface BoundedProblem extends Omit<LinearisedStart, "rank"> {
  /** σ past the last of `singularValues`; 0 when there is none. */
  readonly nextSingularValue: number;
  /** n. */
  readonly examples: number;
  /** nK. */
  readonly dimension: number;
  /** What turns σ into one of the theory's J, whose E[JJᵀ] is Σ(X)/K: 1 for a J, 1/(ν√K) for ν Σ(X)^½. */
  readonly scale: number;
}

/** Theorems 2.2 and 2.3 at one cut and one Γ, with the exact bounds of the linearised problem at the same cut. */
export interface TheoremBounds {
  readonly rank: number;
  /** α = scale·σ_r/√n, dimensionless. */
  readonly alpha: number;
  /** σ_r, in J's own unit: α of the linearised problem. */
  readonly cutoff: number;
  readonly gamma: number;
  /** ‖Π_N v‖/√n + e^{−Γ}. */
  readonly bias: number;
  /** Γ/(α√n). */
  readonly variance: number;
  /** Their sum: the test error is below it up to a constant. */
  readonly bound: number;
  /** T = Γ/(ησ_r²) rounded, at least 1. */
  readonly steps: number;
  /** (e^{−2Γ′}‖Π_I v‖² + ‖Π_N v‖²)^½ with Γ′ = Tησ_r²; no constant left out. */
  readonly residualBound: number;
  /** ‖r_T‖ of the linearised problem itself. */
  readonly residual: number;
  /** B_{α,Γ′}; no constant left out. */
  readonly distanceBound: number;
  /** ‖w_T − w_0‖ of the linearised problem itself. */
  readonly distance: number;
}

/** Singular values within this share of each other are one: no cut falls between them. */
const equalShare = 1e-6;

/**
 * Ranks at which a spectrum can be cut, ascending: the last of each run of equal positive values. A run that goes on past
 * the values at hand has no cut. Of more than `most` ranks about `most` are left, spread evenly in their logarithms,
 * the first and the last among them.
 */
export function cutRanks(singularValues: Float64Array, nextSingularValue: number, most: number): number[] {
  const ranks: number[] = [];
  singularValues.forEach((value, s) => {
    const next = singularValues[s + 1] ?? nextSingularValue;
    if (value > 0 && next < value * (1 - equalShare)) ranks.push(s + 1);
  });
  if (ranks.length <= most) return ranks;
  const picked = new Set<number>();
  for (let at = 0; at < most; at += 1) {
    picked.add(Math.round(ranks.length ** (at / Math.max(1, most - 1))) - 1);
  }
  return [...picked].map((at) => ranks[at]);
}

/**
 * The theorems' right-hand sides for every cut and Γ, cuts outermost. Where ησ_1² is above 1 the linearised bounds do not
 * hold.
 *
 * @param ranks of cuts, such as `cutRanks` gives. @param gammas Γ ≥ 1
 */
export function theoremBounds(
  problem: BoundedProblem,
  ranks: readonly number[],
  gammas: readonly number[],
): TheoremBounds[] {
  const root = Math.sqrt(problem.examples);
  return ranks.flatMap((rank) => {
    const start: LinearisedStart = { ...problem, rank };
    const cutoff = problem.singularValues[rank - 1];
    const alpha = (problem.scale * cutoff) / root;
    const { nuisanceNorm } = linearisedState(start, 0);
    return gammas.map((gamma) => {
      const bias = nuisanceNorm / root + Math.exp(-gamma);
      const variance = gamma / (alpha * root);
      const exact = linearisedBounds(start, cutoff, gamma);
      const state = linearisedState(start, exact.steps);
      return {
        ...{ rank, alpha, cutoff, gamma, bias, variance },
        bound: bias + variance,
        steps: exact.steps,
        residualBound: exact.residual,
        residual: Math.hypot(state.informationNorm, state.nuisanceNorm),
        distanceBound: exact.distance,
        distance: state.distance,
      };
    });
  });
}

/**
 * The whole-space bound √(K/n)·√(vᵀ Σ⁻¹ v) of Theorem 2.2, up to a constant: ‖J† v‖/√n with the theory's J. NaN when the
 * vectors do not span all nK dimensions, for then it is not known.
 */
export function wholeSpaceBound(problem: BoundedProblem): number {
  const { singularValues, coordinates, dimension, examples, scale } = problem;
  if (singularValues.length < dimension) return Number.NaN;
  let squared = 0;
  for (let s = 0; s < dimension; s += 1) squared += (coordinates[s] / (scale * singularValues[s])) ** 2;
  return Math.sqrt(squared / examples);
}
