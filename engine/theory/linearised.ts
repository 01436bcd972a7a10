/**
 * Gradient descent on the linearised network (paper §2, derived): with J = Σ σ_s u_s v_sᵀ fixed and step size η of
 * ½‖f − y‖², the residual after t steps is r_t = U (1 − ησ²)ᵗ Uᵀ r_0 and what is orthogonal to U stays as it is. A
 * batch-mean loss has η = learningRate / n; t steps on batches are, to first order, t steps of that η.
 */
export interface LinearisedStart {
  /** σ_s, descending, positive. */
  readonly singularValues: Float64Array;
  /** u_sᵀr_0. */
  readonly coordinates: Float64Array;
  /** ‖r_0 − U Uᵀ r_0‖: what the vectors at hand do not reach, and the prediction leaves as it is. */
  readonly rest: number;
  /** r: the first r vectors are the information space. */
  readonly rank: number;
  /** η. */
  readonly stepSize: number;
}

export interface LinearisedState {
  /** ‖Π_I r_t‖. */
  readonly informationNorm: number;
  /**
   * ‖Π_N r_t‖; an upper bound where vectors of positive σ are missing, for they would shrink too (as long as
   * ησ_1² ≤ 2).
   */
  readonly nuisanceNorm: number;
  /** ‖w_t − w_0‖ = (Σ ((1 − (1 − ησ²)ᵗ) u_sᵀr_0 / σ_s)²)^½; a lower bound where vectors are missing. */
  readonly distance: number;
}

/** The linearised problem after `steps` steps; steps need not be whole. */
export function linearisedState(start: LinearisedStart, steps: number): LinearisedState {
  const { singularValues, coordinates, rest, rank, stepSize } = start;
  let information = 0;
  let nuisance = rest * rest;
  let distance = 0;
  for (let s = 0; s < singularValues.length; s += 1) {
    const sigma = singularValues[s];
    const factor = power(1 - stepSize * sigma * sigma, steps);
    const left = (factor * coordinates[s]) ** 2;
    if (s < rank) information += left;
    else nuisance += left;
    distance += (((1 - factor) * coordinates[s]) / sigma) ** 2;
  }
  return {
    informationNorm: Math.sqrt(information),
    nuisanceNorm: Math.sqrt(nuisance),
    distance: Math.sqrt(distance),
  };
}

/** xᵗ for the factors of gradient descent: a negative one, of an unstable direction, changes its sign at whole steps. */
function power(x: number, steps: number): number {
  if (x >= 0 || Number.isInteger(steps)) return x ** steps;
  return Math.abs(x) ** steps;
}

/** The bounds of paper §2 for one cut, all of the linearised problem, exact there and not up to a constant. */
export interface LinearisedBounds {
  /** T: Γ/(ηα²) rounded to a whole number of steps. */
  readonly steps: number;
  /** Γ′ = Tηα², which the bounds are of. */
  readonly gamma: number;
  /** (e^{−2Γ′} ‖Π_I r_0‖² + ‖Π_N r_0‖²)^½ ≥ ‖r_T‖. */
  readonly residual: number;
  /** B_{α,Γ′} = (Σ_{s≤r} (u_sᵀr_0)²/σ_s² + (Γ′/α)² ‖Π_N r_0‖²)^½ ≥ ‖w_T − w_0‖. */
  readonly distance: number;
  /** ησ_1²: the bounds hold up to 1; above 2 gradient descent is unstable. */
  readonly stability: number;
}

/** @param alpha α > 0, at most σ_r. @param gamma Γ ≥ 1. */
export function linearisedBounds(start: LinearisedStart, alpha: number, gamma: number): LinearisedBounds {
  const { singularValues, stepSize, rank, coordinates } = start;
  const steps = Math.max(1, Math.round(gamma / (stepSize * alpha * alpha)));
  const whole = steps * stepSize * alpha * alpha;
  const { informationNorm, nuisanceNorm } = linearisedState(start, 0);
  let pseudoInverse = 0;
  for (let s = 0; s < rank; s += 1) pseudoInverse += (coordinates[s] / singularValues[s]) ** 2;
  return {
    steps,
    gamma: whole,
    residual: Math.hypot(Math.exp(-whole) * informationNorm, nuisanceNorm),
    distance: Math.sqrt(pseudoInverse + ((whole / alpha) * nuisanceNorm) ** 2),
    stability: stepSize * singularValues[0] ** 2,
  };
}
