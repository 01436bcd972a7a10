import { trainErrors } from "../../schemas/errors/train.js";
import { type Duration, momentsOf } from "./calendar.js";
import type { TrainOptions } from "./options.js";

/** Errors: BATCH_TOO_LARGE. */
export function durationOf({ batchSize, epochs }: TrainOptions, n: number, place: string): Duration {
  if (batchSize === "full") return { stepsPerEpoch: 1, epochs };
  if (batchSize > n) throw trainErrors.batchTooLarge(batchSize, n, `${place}.batchSize`);
  return { stepsPerEpoch: Math.ceil(n / batchSize), epochs };
}

/** The steps of the snapshots. Errors: a listed step past the end, which is known to be so only when n is. */
export function snapshotMomentsOf(
  { snapshots, epochs }: TrainOptions,
  duration: Duration,
  place: string,
): ReadonlySet<number> {
  const end = epochs * duration.stepsPerEpoch;
  const index = snapshots?.unit === "steps" ? (snapshots.at?.findIndex((step) => step > end) ?? -1) : -1;
  if (index !== -1) {
    throw trainErrors.pastTheEnd(snapshots!.at![index], end, "steps", `${place}.snapshots.at[${index}]`);
  }
  return momentsOf(snapshots ?? { at: [0, epochs] }, duration);
}
