/**
 * When to stop, from training residuals alone. What gradient descent has not yet learnt of predictable labels lies in the
 * information space; noise, which nothing predicts, lies in every direction alike. So learning is done when the
 * residual's information part is down to what noise of the nuisance part's size would leave there: Morozov's discrepancy
 * principle for gradient descent, with the noise estimated on the nuisance space. What is fitted later is noise.
 */
export interface ResidualSplit {
  readonly step: number;
  readonly epoch: number;
  /** ‖Π_I r‖. */
  readonly informationNorm: number;
  /** ‖Π_N r‖. */
  readonly nuisanceNorm: number;
}

/** Dimensions of the information space and of R^{nK}. */
export interface SpaceSize {
  /** r. */
  readonly rank: number;
  /** nK. */
  readonly dimension: number;
}

/** The advised evaluation and why it was chosen. */
export interface StoppingChoice {
  readonly at: ResidualSplit;
  /** `noise-level`: the first at or below the threshold; `least-excess`: none is, and this one is nearest to it. */
  readonly reason: "noise-level" | "least-excess";
}

/** The residual's variance in one nuisance coordinate, ‖Π_N r‖²/(nK − r): the estimate of the labels' noise. */
export function noiseVariance({ nuisanceNorm }: ResidualSplit, { rank, dimension }: SpaceSize): number {
  return nuisanceNorm ** 2 / (dimension - rank);
}

/** The residual's variance in one information coordinate over that in one nuisance coordinate: 1 when it is all noise. */
export function excess(split: ResidualSplit, size: SpaceSize): number {
  return split.informationNorm ** 2 / size.rank / noiseVariance(split, size);
}

/**
 * What noise alone exceeds only by chance: 1 + deviations·√(2/r + 2/(nK − r)), the spread of the excess of a Gaussian
 * vector.
 */
export function excessThreshold({ rank, dimension }: SpaceSize, deviations: number): number {
  return 1 + deviations * Math.sqrt(2 / rank + 2 / (dimension - rank));
}

/** The choice among evaluations in the order of their steps; undefined when there are none. */
export function chooseStop(
  splits: readonly ResidualSplit[],
  size: SpaceSize,
  threshold: number,
): StoppingChoice | undefined {
  const first = splits.find((split) => excess(split, size) <= threshold);
  if (first !== undefined) return { at: first, reason: "noise-level" };
  if (splits.length === 0) return undefined;
  const least = splits.reduce((best, split) => (excess(split, size) < excess(best, size) ? split : best));
  return { at: least, reason: "least-excess" };
}
