import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import {
  coordinatesOf,
  type InformationSpace,
  informationSpace,
  rankOf,
} from "../../engine/spectrum/projection.js";
import { type LinearisedStart, linearisedState } from "../../engine/theory/linearised.js";
import { defineStage, optional, output, stream, whole } from "../../pipeline/stage.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { linearised as linearisedTable } from "../../schemas/tables/theory.js";
import { checkClasses, readExamples } from "../examples.js";
import { type JacobianBasis, readBasis } from "../metrics/basis.js";
import { checkCut, cutOf, cutOptions } from "../metrics/cut.js";
import { rowLabels } from "../metrics/labels.js";
import { nameOf } from "../origin.js";
import { planLinearised } from "./plan.js";
import { distanceTo, readResidual } from "./residual.js";

const options = Type.Object(
  {
    ...cutOptions,
    learningRate: Type.Number({
      exclusiveMinimum: 0,
      description:
        "of the training, whose loss is the mean over a batch: η = learningRate / n. A constant one: with momentum, Adam, a schedule or cross-entropy the linearised problem is another",
    }),
  },
  { additionalProperties: false },
);

export const linearised = defineStage({
  name: "theory/linearised",
  summary: "Compares a training run with gradient descent on the network linearised at its first Jacobian",
  options,
  inputs: {
    examples: whole("examples", "labels of the Jacobian's examples"),
    basis: stream(
      "basis",
      "left singular vectors; the first Jacobian of the train split is taken, with all its vectors",
    ),
    predictions: stream(
      "predictions",
      "outputs on the train split; those at the Jacobian's own step give r_0",
    ),
    metrics: optional(stream("metrics", "parameter_distance, to compare the way of the parameters")),
  },
  outputs: {
    linearised: output("linearised", "one row a prediction from the Jacobian's step on"),
  },
  checkOptions: ({ options, place }) => checkCut(options, `${place}.with`),
  plan: (_options, context) => planLinearised(context),
  run: async (inputs, outputs, context) => {
    const { stage, options, signal } = context;
    checkCut(options, `stages.${stage}.with`);
    const place = `stages.${stage}`;
    const set = readExamples(inputs.examples.table);
    const kept = context.store("predictions");
    const distances = new Map<number, number>();
    let jacobian: JacobianBasis | undefined;
    await Promise.all([
      inputs.basis.forEach((batch) => {
        const read = jacobian === undefined ? readBasis(batch, nameOf(inputs.basis)) : undefined;
        if (read?.split === "train") jacobian = read;
      }),
      inputs.predictions.forEach(async (batch) => {
        await kept.append(batch);
      }),
      inputs.metrics?.forEach((batch) => {
        noteDistances(batch, distances);
      }),
    ]);
    if (jacobian === undefined) throw theoryErrors.noTrainJacobian(nameOf(inputs.basis), place);
    const first: JacobianBasis = jacobian;
    checkClasses(set, first.classes, place);
    const { algebra } = await context.engine();
    const space = await informationSpace(algebra, first, cutOf({}, first.vectors.rows));
    const rank = rankOf(first, cutOf(options, first.vectors.rows));
    const { labels } = rowLabels(set, first, nameOf(inputs.examples));
    const residualOf = (batch: RecordBatch) => readResidual(batch, first, labels, place);

    let start: LinearisedStart | undefined;
    for await (const batch of kept) {
      const found = residualOf(batch);
      if (found === undefined || found.step !== first.step) continue;
      const coordinates = await coordinatesOf(space, found.residual);
      start = {
        singularValues: space.singularValues,
        ...{ coordinates, rank },
        rest: await distanceTo(space, coordinates, found.residual),
        stepSize: options.learningRate / first.ids.length,
      };
      break;
    }
    if (start === undefined) throw theoryErrors.noStart(nameOf(inputs.predictions), first.step, place);
    const stability = start.stepSize * start.singularValues[0] ** 2;
    if (stability > 1) {
      const message = `ησ₁² is ${stability.toPrecision(3)}: above 1 the bounds do not apply, above 2 gradient descent on the linearised network diverges`;
      context.log("warning", message, { stability });
    }
    for await (const batch of kept) {
      signal.throwIfAborted();
      const found = residualOf(batch);
      if (found === undefined || found.step < first.step) continue;
      const measured = await measure(space, rank, found.residual);
      const predicted = linearisedState(start, found.step - first.step);
      await outputs.linearised.send(
        linearisedTable.batch(
          {
            ...{ stage, step: [found.step], epoch: Float64Array.of(found.epoch), split: ["train" as const] },
            jacobian_step: [first.step],
            rank: Int32Array.of(rank),
            information_measured: Float64Array.of(measured.information),
            information_predicted: Float64Array.of(predicted.informationNorm),
            nuisance_measured: Float64Array.of(measured.nuisance),
            nuisance_predicted: Float64Array.of(predicted.nuisanceNorm),
            distance_measured: Float64Array.of(distances.get(found.step) ?? Number.NaN),
            distance_predicted: Float64Array.of(predicted.distance),
            stability: Float64Array.of(stability),
          },
          1,
        ),
      );
    }
  },
});

function noteDistances(batch: RecordBatch, distances: Map<number, number>): void {
  const { name, step, value, length } = metrics.read(batch);
  for (let row = 0; row < length; row += 1) {
    if (name[row] === "parameter_distance") distances.set(Number(step[row]), value[row]);
  }
}

/** ‖Π_I v‖ and ‖Π_N v‖ where the information space is spanned by the first `rank` vectors of a larger one. */
async function measure(space: InformationSpace, rank: number, vector: Float64Array) {
  const coordinates = await coordinatesOf(space, vector);
  let [information, nuisance] = [0, (await distanceTo(space, coordinates, vector)) ** 2];
  coordinates.forEach((value, s) => {
    if (s < rank) information += value * value;
    else nuisance += value * value;
  });
  return { information: Math.sqrt(information), nuisance: Math.sqrt(nuisance) };
}
