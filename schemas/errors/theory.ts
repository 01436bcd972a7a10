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

  noTrainJacobian: (source: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_TRAIN_JACOBIAN",
      kind: "run",
      message: `${source} sent no Jacobian of the train split`,
      place,
      value: source,
      remedy: "Compute the spectrum of the train split: its option `split`.",
    }),

  noStart: (source: string, step: number, place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_PREDICTION_AT_START",
      kind: "run",
      message: `${source} sent no predictions on the train split at step ${step}, where the Jacobian was taken`,
      place,
      value: step,
      remedy: "Wire the predictions of a training that evaluates the train split before its first step.",
    }),

  linearisedLoss: (loss: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "LINEARISED_LOSS",
      kind: "invalid",
      message: `the training has the loss ${loss}; the linearised problem is that of squared loss`,
      place,
      value: loss,
      remedy: "Train with `loss: squared`.",
    }),

  noResiduals: (source: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_RESIDUALS",
      kind: "run",
      message: `${source} sent no residual of the train split`,
      place,
      value: source,
      remedy: "Wire predictions to metrics/projection and leave residual among its targets.",
    }),

  noNuisanceSpace: (rank: number, dimension: number, place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_NUISANCE_SPACE",
      kind: "run",
      message: `the information space has ${rank} of ${dimension} dimensions: there is nothing to compare it with`,
      place,
      value: rank,
      remedy: "Cut at a rank above 0 and below examples × classes.",
    }),
} as const;
