/** What was measured against a bar of the project's own. */
export interface Finding {
  readonly figure: string;
  /** The bar as a sentence would have it: "≥ 1.2×". Absent: a figure without a bar. */
  readonly bar?: Bar;
  readonly stretch?: number;
  /** undefined: not measured, and `note` says why. */
  readonly measured: number | undefined;
  readonly unit: Unit;
  /** Whether both sides gave the same answer; a fast wrong answer fails. */
  readonly agreement?: Agreement;
  readonly note: string;
}

export type Unit = "×" | "%" | "GFLOP/s" | "GB" | "s" | "µs" | "sweeps";

export interface Bar {
  readonly sense: "at least" | "at most";
  readonly value: number;
}

export interface Agreement {
  /** Largest relative difference found, and what was compared. */
  readonly difference: number;
  readonly tolerance: number;
  readonly what: string;
}

export type Verdict = "pass" | "stretch" | "FAIL" | "wrong" | "not measured" | "";

export const atLeast = (value: number): Bar => ({ sense: "at least", value });
export const atMost = (value: number): Bar => ({ sense: "at most", value });

export function verdictOf({ bar, stretch, measured, agreement }: Finding): Verdict {
  if (measured === undefined) return "not measured";
  if (agreement !== undefined && !(agreement.difference <= agreement.tolerance)) return "wrong";
  if (bar === undefined) return "";
  const meets = (value: number) => (bar.sense === "at least" ? measured >= value : measured <= value);
  if (stretch !== undefined && meets(stretch)) return "stretch";
  return meets(bar.value) ? "pass" : "FAIL";
}

/** Largest |a − b| over the largest |b|; Infinity for different lengths or anything that is not a number. */
export function largestDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let scale = 0;
  let difference = 0;
  for (let index = 0; index < expected.length; index += 1) {
    const apart = Math.abs(found[index] - expected[index]);
    if (!(apart < Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
    scale = Math.max(scale, Math.abs(expected[index]));
    difference = Math.max(difference, apart);
  }
  return difference / scale;
}

/** Largest |a − b| / |b|, value by value: for singular values. */
export function largestRelativeDifference(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let index = 0; index < expected.length; index += 1) {
    const apart = Math.abs(found[index] - expected[index]) / Math.abs(expected[index]);
    if (!(apart <= largest)) largest = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
  }
  return largest;
}
