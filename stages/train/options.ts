import { type Static, Type } from "typebox";
import type { Optimizer } from "../../engine/engine.js";
import { splits } from "../../schemas/columns.js";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { trainErrors } from "../../schemas/errors/train.js";
import { checkpointSeconds } from "../checkpointSeconds.js";

const unit = Type.Optional(
  Type.Union([Type.Literal("epochs"), Type.Literal("steps")], { description: "epochs (default) or steps" }),
);
const splitName = Type.Union(splits.map((split) => Type.Literal(split)));

export const trainOptions = Type.Object(
  {
    loss: Type.Union([Type.Literal("squared"), Type.Literal("cross-entropy")], {
      default: "squared",
      description:
        "squared: mean over the batch of ½‖f − y‖², summed over outputs, y one-hot; cross-entropy: mean of −log softmax(f)_label",
    }),
    optimizer: Type.Union(
      (["gd", "sgd", "momentum", "adam"] as const).map((name) => Type.Literal(name)),
      {
        default: "sgd",
        description:
          "gd (full batch) and sgd: w −= η g; momentum: m = μ m + g, w −= η m; adam: Kingma and Ba 2015, bias-corrected",
      },
    ),
    learningRate: Type.Number({
      exclusiveMinimum: 0,
      description: "η: a step is η times the loss's gradient",
    }),
    momentum: Type.Number({ default: 0.9, minimum: 0, exclusiveMaximum: 1, description: "μ of momentum" }),
    beta1: Type.Number({
      default: 0.9,
      minimum: 0,
      exclusiveMaximum: 1,
      description: "adam's decay of the first moment",
    }),
    beta2: Type.Number({
      default: 0.999,
      minimum: 0,
      exclusiveMaximum: 1,
      description: "adam's decay of the second moment",
    }),
    epsilon: Type.Number({
      default: 1e-8,
      exclusiveMinimum: 0,
      description: "added to adam's root of the second moment",
    }),
    schedule: Type.Array(
      Type.Object(
        {
          epoch: Type.Integer({ minimum: 0, description: "epochs done when the rate changes" }),
          factor: Type.Number({ exclusiveMinimum: 0, description: "what the rate is multiplied by" }),
        },
        { additionalProperties: false },
      ),
      { default: [], description: "changes of the learning rate, each lasting to the end" },
    ),
    batchSize: Type.Union([Type.Integer({ minimum: 1 }), Type.Literal("full")], {
      default: "full",
      description:
        "examples a step, at most n; every epoch is a new permutation of the examples cut into batches, the last one smaller where the size does not divide n; full: all at once",
    }),
    epochs: Type.Integer({ minimum: 0, description: "passes over the training examples" }),
    normalisation: Type.Union([Type.Literal("batch"), Type.Literal("moving")], {
      default: "batch",
      description:
        "batchNormalization in training steps: the batch's statistics (moving its own), or frozen at the moving statistics",
    }),
    snapshots: Type.Optional(
      Type.Object(
        {
          every: Type.Optional(
            Type.Integer({ minimum: 1, description: "0, every, 2 · every, … and the end" }),
          ),
          at: Type.Optional(
            Type.Array(Type.Integer({ minimum: 0 }), {
              minItems: 1,
              description: "exactly these; 0 is before the first step",
            }),
          ),
          geometric: Type.Optional(
            Type.Number({
              exclusiveMinimum: 1,
              description: "0, 1, and the powers of this ratio, rounded up, and the end",
            }),
          ),
          unit,
        },
        {
          additionalProperties: false,
          description:
            "when the parameters are sent: one of every, at, geometric (default: at the start and the end)",
        },
      ),
    ),
    onDivergence: Type.Union([Type.Literal("stop"), Type.Literal("continue"), Type.Literal("halve-rate")], {
      default: "stop",
      description:
        "when a loss is NaN or infinite: stop (the run fails, what was measured is kept), continue (with NaN in metrics and predictions), halve-rate (the metrics show the loss, then it goes on from the network and optimiser of the last evaluation whose loss was at most that of the first, with half the learning rate; steps are not counted back)",
    }),
    halvings: Type.Integer({
      default: 10,
      minimum: 1,
      maximum: 1000,
      description: "how often onDivergence: halve-rate halves the rate at most, before it stops",
    }),
    checkpointSeconds: checkpointSeconds(
      "parameters, optimiser and what was sent are written into the run folder between two steps",
    ),
    evaluate: Type.Object(
      {
        every: Type.Optional(Type.Integer({ minimum: 1, description: "default 1" })),
        unit,
        split: Type.Optional(
          Type.Union([splitName, Type.Array(splitName, { minItems: 1, uniqueItems: true })], {
            description: "train, test, or a list of both (default: every split there is)",
          }),
        ),
      },
      {
        additionalProperties: false,
        default: {},
        description:
          "when and on which examples metrics and predictions are taken: { every, unit, split } (default: both splits, every epoch); always at the start and the end too",
      },
    ),
  },
  { additionalProperties: false },
);

export type TrainOptions = Static<typeof trainOptions>;

/** The engine's optimiser of the options. */
export function optimizerOf({ optimizer, momentum, beta1, beta2, epsilon }: TrainOptions): Optimizer {
  switch (optimizer) {
    case "momentum":
      return { kind: "momentum", momentum };
    case "adam":
      return { kind: "adam", beta1, beta2, epsilon };
    default:
      return { kind: optimizer };
  }
}

/** Options that exclude each other; `place` is `stages.NAME.with`. */
export function trainOptionErrors(options: TrainOptions, place: string): readonly JacoflowError[] {
  const errors: JacoflowError[] = [];
  const { optimizer, batchSize, snapshots, epochs } = options;
  if (optimizer === "gd" && batchSize !== "full") {
    errors.push(trainErrors.gradientDescentBatch(batchSize, `${place}.batchSize`));
  }
  if (snapshots === undefined) return errors;
  const given = (["every", "at", "geometric"] as const).filter((key) => snapshots[key] !== undefined);
  if (given.length !== 1) errors.push(trainErrors.oneRule(given, `${place}.snapshots`));
  snapshots.at?.forEach((moment, index) => {
    if (snapshots.unit !== "steps" && moment > epochs) {
      errors.push(trainErrors.pastTheEnd(moment, epochs, "epochs", `${place}.snapshots.at[${index}]`));
    }
  });
  return errors;
}
