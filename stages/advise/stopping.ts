import { Type } from "typebox";
import {
  chooseStop,
  excess,
  excessThreshold,
  noiseVariance,
  type ResidualSplit,
  type SpaceSize,
} from "../../engine/theory/stopping.js";
import { defineStage, type InputStream, optional, output, stream } from "../../pipeline/stage.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { advice as adviceTable } from "../../schemas/tables/advice.js";
import { projection } from "../../schemas/tables/projection.js";
import { nameOf } from "../origin.js";
import { type Evaluation, errorsOf } from "../theory/evaluations.js";
import { planAdvice } from "./plan.js";

const options = Type.Object(
  {
    deviations: Type.Number({
      minimum: 0,
      default: 2,
      description:
        "how far the excess of noise may be above 1, in standard deviations √(2/r + 2/(nK − r)); more stops earlier",
    }),
  },
  { additionalProperties: false },
);

export const stopping = defineStage({
  name: "advise/stopping",
  summary: "Says when to stop training, from the training residuals on information and nuisance space alone",
  options,
  inputs: {
    projection: stream(
      "projection",
      "residuals of the train split; those on the first Jacobian are taken, which is known before training",
    ),
    metrics: optional(
      stream(
        "metrics",
        "error on the test split, to show what the advice is worth; the advice is made without",
      ),
    ),
  },
  outputs: {
    advice: output(
      "advice",
      "one batch: the advised stop, and beside it the best and the last where measured",
    ),
  },
  plan: planAdvice,
  run: async (inputs, outputs, context) => {
    const { stage, options } = context;
    const errors: Evaluation[] = [];
    const [found] = await Promise.all([
      residualsOf(inputs.projection),
      inputs.metrics?.forEach((batch) => {
        errors.push(...errorsOf(batch, "test"));
      }),
    ]);
    if (found === undefined) throw theoryErrors.noResiduals(nameOf(inputs.projection), `stages.${stage}`);
    const { splits, size, jacobianStep } = found;
    if (!(size.rank > 0 && size.rank < size.dimension)) {
      throw theoryErrors.noNuisanceSpace(size.rank, size.dimension, `stages.${stage}`);
    }
    const threshold = excessThreshold(size, options.deviations);
    const choice = chooseStop(splits, size, threshold)!;
    const { at, reason } = choice;
    const facts = { step: at.step, epoch: at.epoch, excess: excess(at, size), threshold, reason };
    if (reason === "noise-level") {
      context.log("info", `stop after epoch ${at.epoch}: what is left of the residual is noise`, facts);
    } else {
      const message = `the residual never came down to noise; it came nearest after epoch ${at.epoch}`;
      context.log("warning", message, facts);
    }
    const best = leastOf(errors);
    const last = errors.reduce<Evaluation | undefined>(
      (latest, one) => (latest === undefined || one.step >= latest.step ? one : latest),
      undefined,
    );
    const chosen = [
      { choice: "advised", reason, step: at.step, epoch: at.epoch },
      ...[{ choice: "best", at: best } as const, { choice: "last", at: last } as const].flatMap((row) =>
        row.at === undefined
          ? []
          : [{ choice: row.choice, reason: "hindsight", step: row.at.step, epoch: row.at.epoch }],
      ),
    ];
    const splitAt = chosen.map(({ step }) => splits.find((split) => split.step === step));
    await outputs.advice.send(
      adviceTable.batch(
        {
          ...{ stage, split: "train", jacobian_step: jacobianStep, threshold },
          rank: size.rank,
          choice: chosen.map((row) => row.choice),
          reason: chosen.map((row) => row.reason),
          step: chosen.map((row) => row.step),
          epoch: chosen.map((row) => row.epoch),
          excess: splitAt.map((split) => (split === undefined ? Number.NaN : excess(split, size))),
          gamma: Math.log(excess(splits[0], size) / threshold) / 2,
          noise: splitAt.map((split) =>
            split === undefined ? Number.NaN : Math.sqrt(noiseVariance(split, size)),
          ),
          test_error: chosen.map(
            ({ step }) => errors.find((error) => error.step === step)?.value ?? Number.NaN,
          ),
        },
        chosen.length,
      ),
    );
  },
});

/** Residuals of one Jacobian of the train split. */
interface Residuals {
  readonly jacobianStep: number;
  readonly size: SpaceSize;
  /** In the order of their steps. */
  readonly splits: ResidualSplit[];
}

/** Residuals on the train split's first Jacobian; undefined when there are none. */
async function residualsOf(input: InputStream): Promise<Residuals | undefined> {
  let found: Residuals | undefined;
  await input.forEach((batch) => {
    const table = projection.read(batch);
    for (let row = 0; row < table.length; row += 1) {
      if (table.target[row] !== "residual" || table.split[row] !== "train") continue;
      const jacobianStep = Number(table.jacobian_step[row]);
      if (found === undefined || jacobianStep < found.jacobianStep) {
        const rank = table.rank[row];
        const dimension = Math.round(rank / table.random_ratio[row] ** 2);
        found = { jacobianStep, size: { rank, dimension }, splits: [] };
      }
      if (found.jacobianStep !== jacobianStep) continue;
      found.splits.push({
        step: Number(table.step[row]),
        epoch: table.epoch[row],
        informationNorm: table.information_norm[row],
        nuisanceNorm: table.nuisance_norm[row],
      });
    }
  });
  found?.splits.sort((one, other) => one.step - other.step);
  return found;
}

/** The first of the least errors. */
function leastOf(errors: readonly Evaluation[]): Evaluation | undefined {
  return errors.reduce<Evaluation | undefined>(
    (least, one) =>
      least === undefined || one.value < least.value || (one.value === least.value && one.step < least.step)
        ? one
        : least,
    undefined,
  );
}
