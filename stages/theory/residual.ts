import type { RecordBatch } from "apache-arrow";
import { type InformationSpace, nuisancePart } from "../../engine/spectrum/projection.js";
import { residualTarget } from "../../engine/spectrum/targets.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { lossOfSchema } from "../../schemas/loss.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import type { JacobianBasis } from "../metrics/basis.js";
import { rowPredictions } from "../metrics/labels.js";

/** The residual f − y of one evaluation, in the order of a Jacobian's rows. */
export interface EvaluatedResidual {
  readonly step: number;
  readonly epoch: number;
  readonly residual: Float64Array;
}

/**
 * The residual of a batch of predictions on the Jacobian's examples; undefined for another split than train. `labels` are
 * in the order of the Jacobian's ids. Errors: LINEARISED_LOSS, ID_MISSING.
 */
export function readResidual(
  batch: RecordBatch,
  jacobian: JacobianBasis,
  labels: Int32Array,
  place: string,
): EvaluatedResidual | undefined {
  const table = predictionsTable(jacobian.classes).read(batch);
  if (table.length === 0 || table.split[0] !== "train") return undefined;
  const loss = lossOfSchema(batch.schema) ?? "squared";
  if (loss !== "squared") throw theoryErrors.linearisedLoss(loss, place);
  const values = rowPredictions(table, jacobian, place);
  return {
    step: Number(table.step[0]),
    epoch: table.epoch[0],
    residual: residualTarget(values, labels, loss),
  };
}

/** ‖v − U Uᵀv‖, of the difference itself; `coordinates` are those of v in the space. */
export async function distanceTo(
  space: InformationSpace,
  coordinates: Float64Array,
  vector: Float64Array,
): Promise<number> {
  const outside = await nuisancePart(space, vector, coordinates);
  return Math.sqrt(outside.reduce((sum, value) => sum + value * value, 0));
}
