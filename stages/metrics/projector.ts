import type { RecordBatch } from "apache-arrow";
import type { LinearAlgebra, Loss } from "../../engine/engine.js";
import { informationSpace, projectOnto } from "../../engine/spectrum/projection.js";
import { constantEnergy, residualTarget } from "../../engine/spectrum/targets.js";
import { lossOfSchema } from "../../schemas/loss.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import type { ProjectionTarget } from "../../schemas/tables/projection.js";
import { checkClasses, type ExampleSet } from "../examples.js";
import type { JacobianBasis } from "./basis.js";
import { type CutOptions, cutOf } from "./cut.js";
import { labelVector, rowLabels, rowsOf, transitionOf } from "./labels.js";
import type { ProjectedTarget } from "./table.js";

/** What projections need besides the Jacobian. */
export interface ProjectionSetting {
  readonly set: ExampleSet;
  /** What messages call the examples' and the predictions' origin. */
  readonly examplesSource: string;
  readonly predictionsSource: string;
  readonly algebra: LinearAlgebra;
  readonly cut: CutOptions;
  /** Instead of the loss that the predictions name. */
  readonly loss?: Loss;
}

/** The information space of one Jacobian, ready for targets. */
export interface Projector {
  /** The targets that labels alone make (residual is passed over), at the Jacobian's own step. */
  labels(targets: readonly ProjectionTarget[]): Promise<readonly ProjectedTarget[]>;
  /** The residual of one batch of predictions; undefined when it has no examples of the Jacobian's split. */
  residual(predictions: RecordBatch): Promise<ProjectedTarget | undefined>;
}

/** Errors: BASIS_TOO_SHORT, ID_MISSING, NETWORK_OUTPUTS, LABEL_OUT_OF_RANGE. */
export async function openProjector(jacobian: JacobianBasis, setting: ProjectionSetting): Promise<Projector> {
  const { set, algebra, cut, examplesSource, predictionsSource } = setting;
  const { step, epoch, split, classes, ids } = jacobian;
  checkClasses(set, classes, examplesSource);
  const own = rowLabels(set, jacobian, examplesSource);
  const space = await informationSpace(algebra, jacobian, cutOf(cut, jacobian.vectors.rows));

  const project = async (
    target: ProjectionTarget,
    vector: Float64Array,
    at: { readonly step: number; readonly epoch: number },
  ): Promise<ProjectedTarget> => ({
    ...at,
    ...{ split, jacobianStep: step, target, space },
    projection: await projectOnto(space, vector),
    constantEnergy: constantEnergy(vector, classes),
  });

  return {
    async labels(targets) {
      const transition = transitionOf(set, set[split]!, classes);
      const rows: ProjectedTarget[] = [];
      for (const target of targets) {
        if (target === "residual") continue;
        rows.push(await project(target, labelVector(target, own, classes, transition), { step, epoch }));
      }
      return rows;
    },

    async residual(predictions) {
      const table = predictionsTable(classes).read(predictions);
      if (table.length === 0 || table.split[0] !== split) return undefined;
      const rows = rowsOf(table.id, ids, predictionsSource, split);
      const values = new Float32Array(rows.length * classes);
      rows.forEach((row, index) => {
        values.set(table.values.subarray(row * classes, (row + 1) * classes), index * classes);
      });
      const at = { step: Number(table.step[0]), epoch: table.epoch[0] };
      const loss = setting.loss ?? lossOfSchema(predictions.schema) ?? "squared";
      return project("residual", residualTarget(values, own.labels, loss), at);
    },
  };
}
