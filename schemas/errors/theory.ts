import { JacoflowError } from "./error.js";

/** Messages about what the theory says of a run. */
export const theoryErrors = {
  inputNorm: (row: number, norm: number, activation: string): JacoflowError =>
    new JacoflowError({
      code: "NTK_INPUT_NORM",
      kind: "invalid",
      message: `input ${row} has norm ${norm}: the kernel of ${activation} is not computed to 1e-8 for one so long`,
      place: `row ${row}`,
      value: norm,
      remedy: "Use inputs of norm 1, as the theory does: `standardise: unit-norm` of the data stage.",
    }),

  kernelMemory: (examples: number, bytes: number, limit: number, place: string): JacoflowError =>
    new JacoflowError({
      code: "KERNEL_MEMORY",
      kind: "invalid",
      message: `the kernel of ${examples} examples needs ${bytes} bytes, the limit is ${limit}`,
      place: `${place}.examples`,
      value: examples,
      remedy: "Take fewer examples with the option examples, or raise --memory.",
    }),
} as const;
