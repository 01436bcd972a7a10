/** What the singular values at hand say of the whole spectrum. */
export interface SpectrumValues {
  /** The r largest, descending. */
  readonly singularValues: Float64Array;
  /** σ_{r+1}; 0 when there is none. */
  readonly nextSingularValue: number;
  /** ‖J‖_F², over all singular values. */
  readonly frobeniusSquared: number;
}

/** ‖J‖_F²/σ_1²: 1 when one direction carries all energy, rank J when all carry the same; NaN for J = 0. */
export function stableRank({ singularValues, frobeniusSquared }: SpectrumValues): number {
  return frobeniusSquared / singularValues[0] ** 2;
}

/**
 * (Σσ²)²/Σσ⁴, the participation ratio: the number of equal directions with as peaked an energy; NaN for J = 0.
 *
 * Σσ² is exact, Σσ⁴ runs over the r + 1 values at hand, so that the result is an upper bound; the true value is at
 * least it divided by 1 + σ_{r+1}²(‖J‖_F² − Σ_{s≤r+1}σ_s²)/Σ_{s≤r+1}σ_s⁴.
 */
export function effectiveRank({
  singularValues,
  nextSingularValue,
  frobeniusSquared,
}: SpectrumValues): number {
  const fourthPowers = singularValues.reduce((sum, value) => sum + value ** 4, nextSingularValue ** 4);
  return frobeniusSquared ** 2 / fourthPowers;
}
