import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { principalCosines } from "../../engine/spectrum/angles.js";
import { type InformationSpace, informationSpace } from "../../engine/spectrum/projection.js";
import { defineStage, output, stream } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { angles as anglesTable } from "../../schemas/tables/projection.js";
import { nameOf } from "../origin.js";
import { type JacobianBasis, readBasis, sameRows } from "./basis.js";
import { checkCut, cutOf, cutOptions } from "./cut.js";
import { planAngles } from "./plan.js";

const reference = Type.Union([Type.Literal("initial"), Type.Literal("previous")]);

const options = Type.Object(
  {
    ...cutOptions,
    against: Type.Union([reference, Type.Array(reference, { minItems: 1, uniqueItems: true })], {
      default: ["initial", "previous"],
      description:
        "the Jacobians every later one is compared with: initial, previous, or both (once where they are the same)",
    }),
  },
  { additionalProperties: false },
);

/** A Jacobian that later ones are compared with. */
interface Reference {
  readonly jacobian: JacobianBasis;
  readonly space: InformationSpace;
}

export const angles = defineStage({
  name: "metrics/angles",
  summary: "Compares the information spaces of Jacobians by their principal angles",
  options,
  inputs: { basis: stream("basis", "left singular vectors") },
  outputs: {
    angles: output("angles", "one batch a pair: jacobian_step is the later Jacobian, other_step the earlier"),
  },
  checkOptions: ({ options, place }) => checkCut(options, `${place}.with`),
  plan: planAngles,
  run: async (inputs, outputs, context) => {
    const { stage, options } = context;
    checkCut(options, `stages.${stage}.with`);
    const against: readonly ("initial" | "previous")[] = [options.against].flat();
    const { algebra } = await context.engine();
    const source = nameOf(inputs.basis);
    const initial = new Map<Split, Reference>();
    const previous = new Map<Split, Reference>();
    await inputs.basis.forEach(async (batch) => {
      const jacobian = readBasis(batch, source);
      if (jacobian === undefined) return;
      const { split, step } = jacobian;
      const space = await informationSpace(algebra, jacobian, cutOf(options, jacobian.vectors.rows));
      const current: Reference = { jacobian, space };
      const others = new Set(against.map((name) => (name === "initial" ? initial : previous).get(split)));
      for (const other of others) {
        if (other === undefined) continue;
        if (!sameRows(jacobian, other.jacobian)) throw spectrumErrors.otherExamples(source, split, step);
        const cosines = await principalCosines(algebra, space, other.space);
        if (cosines.length > 0) {
          await outputs.angles.send(anglesBatch(stage, split, step, other.jacobian.step, cosines));
        }
      }
      if (!initial.has(split)) initial.set(split, current);
      previous.set(split, current);
    });
  },
});

function anglesBatch(
  stage: string,
  split: Split,
  step: number,
  otherStep: number,
  cosine: Float64Array,
): RecordBatch {
  return anglesTable.batch(
    {
      ...{ stage, split, cosine, jacobian_step: step, other_step: otherStep },
      index: Int32Array.from(cosine, (_, index) => index + 1),
    },
    cosine.length,
  );
}
