import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { principalCosines } from "../../engine/spectrum/angles.js";
import { type InformationSpace, informationSpace } from "../../engine/spectrum/projection.js";
import { defineStage, optional, output, stream, whole } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { type AngleTarget, angles as anglesTable, angleTargets } from "../../schemas/tables/projection.js";
import { checkClasses, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { type JacobianBasis, readBasis, sameRows } from "./basis.js";
import { checkCut, cutOf, cutOptions } from "./cut.js";
import { labelSpace } from "./labelSpace.js";
import { rowLabels } from "./labels.js";
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
    targets: Type.Array(Type.Union(angleTargets.map((target) => Type.Literal(target))), {
      uniqueItems: true,
      default: [...angleTargets],
      description:
        "where examples are wired, the labels every Jacobian is compared with: the span of the K vectors that are one output's part of label (one-hot y), centred_label (y minus its mean over the Jacobian's examples) or clean_label (one-hot clean y)",
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
  summary:
    "Compares the information spaces of Jacobians with one another and with the labels, by principal angles",
  options,
  inputs: {
    basis: stream("basis", "left singular vectors"),
    examples: optional(whole("examples", "labels of the Jacobians' examples, to compare their spaces with")),
  },
  outputs: {
    angles: output(
      "angles",
      "one batch a pair: the later Jacobian with the earlier, and every Jacobian with every target",
    ),
  },
  checkOptions: ({ options, place }) => checkCut(options, `${place}.with`),
  plan: planAngles,
  run: async (inputs, outputs, context) => {
    const { stage, options } = context;
    checkCut(options, `stages.${stage}.with`);
    const against: readonly ("initial" | "previous")[] = [options.against].flat();
    const { algebra } = await context.engine();
    const source = nameOf(inputs.basis);
    const set = inputs.examples === undefined ? undefined : readExamples(inputs.examples.table);
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
          const pair = { jacobian, other: "jacobian", otherStep: other.jacobian.step } as const;
          await outputs.angles.send(anglesBatch(stage, pair, cosines));
        }
      }
      if (set !== undefined) {
        checkClasses(set, jacobian.classes, `stages.${stage}`);
        const labels = rowLabels(set, jacobian, nameOf(inputs.examples!));
        for (const target of options.targets as readonly AngleTarget[]) {
          const other = await labelSpace(algebra, target, labels, jacobian.classes);
          const cosines = await principalCosines(algebra, space, other);
          if (cosines.length === 0) continue;
          await outputs.angles.send(
            anglesBatch(stage, { jacobian, other: target, otherStep: step }, cosines),
          );
        }
      }
      if (!initial.has(split)) initial.set(split, current);
      previous.set(split, current);
    });
  },
});

function anglesBatch(
  stage: string,
  pair: {
    readonly jacobian: JacobianBasis;
    readonly other: "jacobian" | AngleTarget;
    readonly otherStep: number;
  },
  cosine: Float64Array,
): RecordBatch {
  const { jacobian, other, otherStep } = pair;
  return anglesTable.batch(
    {
      ...{ stage, cosine, other, split: jacobian.split, jacobian_step: jacobian.step, other_step: otherStep },
      index: Int32Array.from(cosine, (_, index) => index + 1),
    },
    cosine.length,
  );
}
