import type { RecordBatch } from "apache-arrow";
import type { LinearAlgebra, Loss } from "../../engine/engine.js";
import { informationSpace, projectedTogether, projectOnto } from "../../engine/spectrum/projection.js";
import { constantEnergy, residualTarget } from "../../engine/spectrum/targets.js";
import { lossOfSchema } from "../../schemas/loss.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import type { ProjectionTarget } from "../../schemas/tables/projection.js";
import { checkClasses, type ExampleSet } from "../examples.js";
import type { JacobianBasis } from "./basis.js";
import { type CutOptions, cutOf } from "./cut.js";
import { labelVector, rowLabels, rowPredictions, transitionOf } from "./labels.js";
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

/** A vector to project, in the order of a Jacobian's rows, and what it is. */
interface Target {
  readonly target: ProjectionTarget;
  readonly step: number;
  readonly epoch: number;
  readonly vector: Float64Array;
}

/** The information space of one Jacobian, ready for targets. */
export interface Projector {
  /** The targets that labels alone make (residual is passed over), at the Jacobian's own step. */
  labels(targets: readonly ProjectionTarget[]): Promise<readonly ProjectedTarget[]>;
  /** How many batches of predictions are best handed over at once. */
  readonly together: number;
  /** The residuals of batches of predictions, in their order, without those that have no examples of the Jacobian's split. */
  residuals(predictions: readonly RecordBatch[]): Promise<readonly ProjectedTarget[]>;
}

/** Errors: BASIS_TOO_SHORT, ID_MISSING, NETWORK_OUTPUTS, LABEL_OUT_OF_RANGE. */
export async function openProjector(jacobian: JacobianBasis, setting: ProjectionSetting): Promise<Projector> {
  const { set, algebra, cut, examplesSource, predictionsSource } = setting;
  const { step, epoch, split, classes } = jacobian;
  checkClasses(set, classes, examplesSource);
  const own = rowLabels(set, jacobian, examplesSource);
  const space = await informationSpace(algebra, jacobian, cutOf(cut, jacobian.vectors.rows));

  const table = predictionsTable(classes);

  const project = async (vectors: readonly Target[]): Promise<readonly ProjectedTarget[]> => {
    const projections = await projectOnto(
      space,
      vectors.map(({ vector }) => vector),
    );
    return vectors.map(({ vector, ...of }, index) => ({
      ...of,
      ...{ split, jacobianStep: step, space },
      projection: projections[index],
      constantEnergy: constantEnergy(vector, classes),
    }));
  };

  const residualOf = (predictions: RecordBatch): Target | undefined => {
    const found = table.read(predictions);
    if (found.length === 0 || found.split[0] !== split) return undefined;
    const values = rowPredictions(found, jacobian, predictionsSource);
    const loss = setting.loss ?? lossOfSchema(predictions.schema) ?? "squared";
    return {
      ...{ target: "residual", step: Number(found.step[0]), epoch: found.epoch[0] },
      vector: residualTarget(values, own.labels, loss),
    };
  };

  return {
    labels(targets) {
      const transition = transitionOf(set, set[split]!, classes);
      return project(
        targets
          .filter((target) => target !== "residual")
          .map((target) => ({
            ...{ target, step, epoch },
            vector: labelVector(target, own, classes, transition),
          })),
      );
    },

    together: projectedTogether(space),
    residuals: (predictions) =>
      project(predictions.map(residualOf).filter((residual) => residual !== undefined)),
  };
}
