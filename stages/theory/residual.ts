import type { RecordBatch } from "apache-arrow";
import { type InformationSpace, informationPart } from "../../engine/spectrum/projection.js";
import { residualTarget } from "../../engine/spectrum/targets.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { lossOfSchema } from "../../schemas/loss.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import type { JacobianBasis } from "../metrics/basis.js";
import { rowsOf } from "../metrics/labels.js";

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
  const { classes, ids } = jacobian;
  const table = predictionsTable(classes).read(batch);
  if (table.length === 0 || table.split[0] !== "train") return undefined;
  const loss = lossOfSchema(batch.schema) ?? "squared";
  if (loss !== "squared") throw theoryErrors.linearisedLoss(loss, place);
  const values = new Float32Array(ids.length * classes);
  rowsOf(table.id, ids, place, "train").forEach((row, index) => {
    values.set(table.values.subarray(row * classes, (row + 1) * classes), index * classes);
  });
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
  const inside = await informationPart(space, coordinates);
  let squared = 0;
  for (let at = 0; at < vector.length; at += 1) squared += (vector[at] - inside[at]) ** 2;
  return Math.sqrt(squared);
}
