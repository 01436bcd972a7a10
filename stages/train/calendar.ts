/** Moments are counted in training steps, exactly: an epoch is a whole number of steps. */
export type MomentUnit = "epochs" | "steps";

/** Which moments of a training; exactly one of `every`, `at`, `geometric`. */
export interface MomentRule {
  /** 0, every, 2 · every, … and the end. */
  readonly every?: number;
  /** These and no others. */
  readonly at?: readonly number[];
  /** 0, 1, and the powers of this ratio rounded up, … and the end. */
  readonly geometric?: number;
  /** Default epochs. */
  readonly unit?: MomentUnit;
}

/** How long a training is. */
export interface Duration {
  /** ⌈n / batch size⌉: the last batch of an epoch is smaller where the size does not divide n. */
  readonly stepsPerEpoch: number;
  readonly epochs: number;
}

/** The steps of a rule, from 0 (before the first step) to the end, none twice. What lies past the end is left out. */
export function momentsOf(rule: MomentRule, { stepsPerEpoch, epochs }: Duration): ReadonlySet<number> {
  const perUnit = rule.unit === "steps" ? 1 : stepsPerEpoch;
  const end = epochs * stepsPerEpoch;
  const moments = new Set<number>();
  if (rule.at !== undefined) {
    for (const moment of rule.at) if (moment * perUnit <= end) moments.add(moment * perUnit);
    return moments;
  }
  moments.add(0);
  if (rule.every !== undefined) {
    for (let moment = rule.every * perUnit; moment < end; moment += rule.every * perUnit) moments.add(moment);
  }
  if (rule.geometric !== undefined) {
    for (let power = 1; Math.ceil(power) * perUnit < end; power *= rule.geometric) {
      moments.add(Math.ceil(power) * perUnit);
    }
  }
  moments.add(end);
  return moments;
}

/** One change of the learning rate: from the end of `epoch` epochs on it is multiplied by `factor`. */
export interface RateChange {
  readonly epoch: number;
  readonly factor: number;
}

/** The learning rate of the step that follows `stepsDone` steps: the first rate times the factors of all epochs reached. */
export function learningRateAfter(
  stepsDone: number,
  first: number,
  schedule: readonly RateChange[],
  stepsPerEpoch: number,
): number {
  return schedule.reduce(
    (rate, { epoch, factor }) => (stepsDone >= epoch * stepsPerEpoch ? rate * factor : rate),
    first,
  );
}
