import type { RandomSource } from "../../engine/random.js";

export const noiseKinds = ["uniform-other", "uniform-any", "pair-flip", "matrix"] as const;
export type NoiseKind = (typeof noiseKinds)[number];

/**
 * K × K: row c is the law of the new label of a selected example of class c. `uniform-other`: 1/(K − 1) on every other
 * class (needs K ≥ 2); `uniform-any`: 1/K on every class; `pair-flip`: class c + 1 mod K.
 */
export function selectedLaw(
  kind: Exclude<NoiseKind, "matrix">,
  classes: number,
): readonly (readonly number[])[] {
  const law = (from: number, to: number) => {
    if (kind === "uniform-any") return 1 / classes;
    if (kind === "uniform-other") return from === to ? 0 : 1 / (classes - 1);
    return to === (from + 1) % classes ? 1 : 0;
  };
  return Array.from({ length: classes }, (_, from) =>
    Array.from({ length: classes }, (_, to) => law(from, to)),
  );
}

/** P(given label j | true class c) of an example that is selected with probability ρ: (1 − ρ) I + ρ M. */
export function transition(
  selectedShare: number,
  law: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  return law.map((row, from) =>
    row.map((value, to) => (from === to ? 1 - selectedShare : 0) + selectedShare * value),
  );
}

export interface Corruption {
  /** Labels after noise, length n. */
  readonly labels: Int32Array;
  /** How many examples were selected: round(fraction · n). */
  readonly selected: number;
}

/**
 * Selects round(fraction · n) of n examples, every subset as likely, and draws a new label for each from row c of `law`,
 * c its label. The others keep theirs.
 *
 * @param labels length n, 0 … K − 1.
 */
export function corrupt(
  labels: Int32Array,
  fraction: number,
  law: readonly (readonly number[])[],
  random: RandomSource,
): Corruption {
  const changed = Int32Array.from(labels);
  const selected = Math.round(fraction * labels.length);
  const order = random.permutation(labels.length);
  for (const example of order.subarray(0, selected)) changed[example] = draw(law[labels[example]], random);
  return { labels: changed, selected };
}

/** A class by the inverse of its cumulative law; never one of probability 0, whatever the sum's last bits. */
function draw(law: readonly number[], random: RandomSource): number {
  let left = random.uniform();
  let last = 0;
  for (let label = 0; label < law.length; label += 1) {
    if (law[label] === 0) continue;
    last = label;
    left -= law[label];
    if (left < 0) return label;
  }
  return last;
}
