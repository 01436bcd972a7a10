import { Type } from "typebox";
import type { Split } from "../../schemas/columns.js";

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
