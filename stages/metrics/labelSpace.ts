import type { LinearAlgebra } from "../../engine/engine.js";
import { type InformationSpace, informationSpace } from "../../engine/spectrum/projection.js";
import type { AngleTarget } from "../../schemas/tables/projection.js";
import { labelVector, type RowLabels } from "./labels.js";

/**
 * The span in R^{nK} of a target's parts by output: v_k is the target where the output is k and 0 elsewhere. The target
 * is the sum of the v_k, so it lies in this space; K dimensions, less one for each part that is 0.
 */
export async function labelSpace(
  algebra: LinearAlgebra,
  target: AngleTarget,
  labels: RowLabels,
  classes: number,
): Promise<InformationSpace> {
  const whole = labelVector(target, labels, classes, []);
  const parts = Array.from({ length: classes }, (_, output) =>
    Float32Array.from(whole, (value, at) => (at % classes === output ? value : 0)),
  ).filter((part) => part.some((value) => value !== 0));
  const values = new Float32Array(parts.length * whole.length);
  parts.forEach((part, row) => {
    values.set(part, row * whole.length);
  });
  const ones = new Float64Array(parts.length).fill(1);
  return await informationSpace(
    algebra,
    {
      vectors: { rows: parts.length, columns: whole.length, values },
      singularValues: ones,
      nextSingularValues: new Float64Array(parts.length),
      energyShares: ones,
    },
    { by: "rank", rank: parts.length },
  );
}
