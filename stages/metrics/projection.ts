import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { defineStage, type InputStream, optional, output, stream, whole } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import {
  defaultProjectionTargets,
  type ProjectionTarget,
  projectionTargets,
} from "../../schemas/tables/projection.js";
import { readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { readBasis } from "./basis.js";
import { checkCut, cutOptions } from "./cut.js";
import { planProjection } from "./plan.js";
import { openProjector, type ProjectionSetting } from "./projector.js";
import { includes, isListed, type JacobianChoice, jacobianOption, listedEpochs } from "./selection.js";
import { directionsBatch, type ProjectedTarget, projectionBatch } from "./table.js";

const options = Type.Object(
  {
    ...cutOptions,
    targets: Type.Optional(
      Type.Array(Type.Union(projectionTargets.map((target) => Type.Literal(target))), {
        minItems: 1,
        uniqueItems: true,
        description:
          "label (one-hot y), centred_label (y minus its mean over the Jacobian's examples), residual (f − y; needs predictions), label_noise (y − E[y | true class]: by the transition matrix that labels/noise left in the table, else by the shares in the split), label_change (y − clean y), clean_label (one-hot clean y); default: all but clean_label, residual where predictions are wired",
      }),
    ),
    jacobian: jacobianOption,
    loss: Type.Optional(
      Type.Union([Type.Literal("squared"), Type.Literal("cross-entropy")], {
        description:
          "under cross-entropy the residual is softmax(f) − y; default: the loss of the training that the predictions come from, squared where there was none",
      }),
    ),
  },
  { additionalProperties: false },
);

export const projection = defineStage({
  name: "metrics/projection",
  summary: "Splits labels and residuals between information and nuisance space",
  options,
  inputs: {
    examples: whole("examples", "given and clean labels of the Jacobian's examples"),
    basis: stream("basis", "left singular vectors"),
    predictions: optional(
      stream(
        "predictions",
        "outputs, one batch a step and split; every chosen Jacobian splits their residuals",
      ),
    ),
  },
  outputs: {
    projection: output(
      "projection",
      "the label targets of every chosen Jacobian at its own step, then the residuals of all predictions on each",
    ),
    directions: output("directions", "the same rows, with the energy along each direction of the space"),
  },
  checkOptions: ({ options, place }) => checkCut(options, `${place}.with`),
  plan: planProjection,
  run: async (inputs, outputs, context) => {
    const { stage, options, signal } = context;
    const place = `stages.${stage}.with`;
    checkCut(options, place);
    const { predictions } = inputs;
    const targets: readonly ProjectionTarget[] | undefined = options.targets;
    const asked = targets?.includes("residual") ?? predictions !== undefined;
    if (asked && predictions === undefined) {
      throw spectrumErrors.residualNeedsPredictions(`${place}.targets`);
    }
    const source = nameOf(inputs.basis);
    const setting: ProjectionSetting = {
      set: readExamples(inputs.examples.table),
      examplesSource: nameOf(inputs.examples),
      predictionsSource: predictions === undefined ? "" : nameOf(predictions),
      algebra: (await context.engine()).algebra,
      cut: options,
      ...(options.loss === undefined ? {} : { loss: options.loss }),
    };
    const chosen = context.store("basis");
    const kept = context.store("predictions");

    const send = async (rows: readonly ProjectedTarget[]): Promise<void> => {
      await outputs.projection.send(projectionBatch(stage, rows));
      await outputs.directions.send(directionsBatch(stage, rows));
    };
    const splitLabels = async (batch: RecordBatch): Promise<void> => {
      const jacobian = readBasis(batch, source);
      if (jacobian === undefined) return;
      if (asked) await chosen.append(batch);
      const projector = await openProjector(jacobian, setting);
      const rows = await projector.labels(targets ?? defaultProjectionTargets);
      if (rows.length > 0) await send(rows);
    };
    const keep = async (batch: RecordBatch): Promise<void> => {
      if (asked) await kept.append(batch);
    };
    await Promise.all([
      drainBasis(inputs.basis, options.jacobian, `${place}.jacobian`, splitLabels),
      predictions?.forEach(keep),
    ]);

    const total = chosen.length * kept.length;
    let done = 0;
    for await (const batch of chosen) {
      const projector = await openProjector(readBasis(batch, source)!, setting);
      for await (const predicted of groups(kept, projector.together)) {
        signal.throwIfAborted();
        for (const row of await projector.residuals(predicted)) {
          await send([row]);
        }
        done += predicted.length;
        context.progress(done, total, "projections");
      }
    }
  },
});

/** What comes, `size` at a time; the last group may be smaller. */
async function* groups<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<readonly Item[]> {
  let group: Item[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/**
 * Reads all Jacobians and hands over the chosen ones in the order they come, the final ones of each split, which are
 * known only then, last. Errors: NO_JACOBIAN_AT when a listed epoch never came.
 */
async function drainBasis(
  input: InputStream,
  choice: JacobianChoice,
  place: string,
  handle: (batch: RecordBatch) => Promise<void>,
): Promise<void> {
  const epochs = new Map<Split, number[]>();
  const last = new Map<Split, RecordBatch>();
  await input.forEach(async (batch) => {
    const jacobian = readBasis(batch, nameOf(input));
    if (jacobian === undefined) return;
    const { split, epoch } = jacobian;
    const before = epochs.get(split) ?? [];
    epochs.set(split, [...before, epoch]);
    last.delete(split);
    if (isListed(choice, epoch) || (before.length === 0 && includes(choice, "initial"))) await handle(batch);
    else if (includes(choice, "final")) last.set(split, batch);
  });
  for (const batch of last.values()) await handle(batch);
  for (const [split, present] of epochs) {
    const missing = listedEpochs(choice).find((epoch) => !present.some((found) => isListed([epoch], found)));
    if (missing !== undefined) throw spectrumErrors.noJacobianAt(missing, split, present, place);
  }
}
