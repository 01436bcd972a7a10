import { JacoflowError } from "./error.js";

/** Messages about gradient descent. */
export const trainErrors = {
  noTrainingExamples: (source: string): JacoflowError =>
    new JacoflowError({
      code: "NO_TRAINING_EXAMPLES",
      kind: "invalid",
      message: `${source} holds no training examples`,
      place: source,
      remedy: "Use data with a train split.",
    }),

  noSplit: (source: string, split: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_SPLIT",
      kind: "invalid",
      message: `${source} holds no ${split} examples to evaluate on`,
      place,
      value: split,
      remedy: `Leave ${split} out of evaluate.split, or use data that has it.`,
    }),

  batchTooLarge: (size: number, n: number, place: string): JacoflowError =>
    new JacoflowError({
      code: "BATCH_TOO_LARGE",
      kind: "invalid",
      message: `a batch of ${size} is more than the ${n} training examples`,
      place,
      value: size,
      remedy: `Use at most ${n}, or batchSize: full.`,
    }),

  gradientDescentBatch: (size: number, place: string): JacoflowError =>
    new JacoflowError({
      code: "GRADIENT_DESCENT_BATCH",
      kind: "invalid",
      message: `optimizer gd takes all examples in a step, not batches of ${size}`,
      place,
      value: size,
      remedy: "Use optimizer: sgd, or leave batchSize out.",
    }),

  oneRule: (given: readonly string[], place: string): JacoflowError =>
    new JacoflowError({
      code: "SNAPSHOT_RULE",
      kind: "invalid",
      message:
        given.length === 0 ? "snapshots says no moments" : `snapshots says ${given.join(" and ")} at once`,
      place,
      value: given,
      remedy: "Give exactly one of every, at, geometric.",
    }),

  pastTheEnd: (moment: number, end: number, unit: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "PAST_THE_END",
      kind: "invalid",
      message: `a snapshot at ${moment} ${unit}: the training ends after ${end}`,
      place,
      value: moment,
      remedy: `Use at most ${end}, or train longer.`,
    }),

  diverged: (stage: string, step: number, epoch: number, loss: number, rate: number): JacoflowError =>
    new JacoflowError({
      code: "TRAINING_DIVERGED",
      kind: "run",
      message: `${stage}: the loss is ${loss} after ${step} steps (epoch ${Number(epoch.toFixed(3))}, learning rate ${rate})`,
      place: `stages.${stage}`,
      value: loss,
      remedy:
        "Lower the learning rate or let onDivergence: halve-rate do so, or scale the inputs or the output (outputScale) down.",
    }),
} as const;
