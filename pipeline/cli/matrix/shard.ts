import { commandLineErrors } from "../../../schemas/errors/commandLine.js";

/** One of several equal shares. */
export interface Shard {
  /** From 1. */
  readonly number: number;
  readonly of: number;
}

export const wholeShard: Shard = { number: 1, of: 1 };

/** `2/4`: the second of four shares. BAD_FLAG_VALUE for anything else. */
export function parseShard(text: string): Shard {
  const [, number, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (number === undefined || of === undefined || number < 1 || number > of) {
    const remedy = "Write 1/4 to 4/4 for the four quarters.";
    throw commandLineErrors.badFlagValue("shard", text, "a share of the runs", remedy);
  }
  return { number, of };
}

/** The share of some runs: every one is in exactly one share, and shares differ by one run at most. */
export function shareOf<Run>(runs: readonly Run[], { number, of }: Shard): readonly Run[] {
  return runs.filter((_, index) => index % of === number - 1);
}
