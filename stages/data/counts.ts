import { Type } from "typebox";
import type { PlannedTable, StagePlan } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { countOf, plannedExamples } from "../plannedTable.js";

/** The options `train` and `test` of the image stages: how many examples of each split. */
export const countOptions = {
  train: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        "number of training examples: the first ones of every class, as many of each (the first classes one more where it does not divide); default: all",
    }),
  ),
  test: Type.Optional(
    Type.Integer({
      minimum: 0,
      description: "number of test examples, chosen the same way; 0: no test split; default: all",
    }),
  ),
};

/** The splits that are read: test is left out by `test: 0`. */
export function splitsOf({ test }: { readonly test?: number }): readonly Split[] {
  return test === 0 ? ["train"] : ["train", "test"];
}

/** The plan of a stage that sends so many examples at once; a split of none is not there. */
export function dataPlan(
  { train = 0, test = 0 }: NonNullable<PlannedTable["examples"]>,
  shape: readonly number[],
  classes: number | undefined,
): StagePlan {
  const counts = { ...(train === 0 ? {} : { train }), ...(test === 0 ? {} : { test }) };
  const examples = plannedExamples(counts, shape, classes);
  // Label and clean label are one array, names of splits are made as JavaScript texts first.
  return {
    memoryBytes: (examples.bytes ?? 0) + 8 * countOf(counts),
    work: { flops: 0, seconds: 0 },
    outputs: { examples },
  };
}
