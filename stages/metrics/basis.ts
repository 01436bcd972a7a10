import type { RecordBatch } from "apache-arrow";
import type { LeftBasis } from "../../engine/spectrum/projection.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { basis } from "../../schemas/tables/spectrum.js";

/** One Jacobian's batch of a basis table as arrays, views of the batch. */
export interface JacobianBasis extends LeftBasis {
  readonly step: number;
  readonly epoch: number;
  readonly split: Split;
  /** Examples in row order: rows i·K … i·K + K − 1 of J belong to ids[i]. */
  readonly ids: Int32Array;
  /** K. */
  readonly classes: number;
}

/** Reads the batch of one Jacobian; undefined for an empty one. MALFORMED_BASIS when its parts do not fit. */
export function readBasis(batch: RecordBatch, source: string): JacobianBasis | undefined {
  const read = basis.read(batch);
  const rows = read.length;
  if (rows === 0) return undefined;
  const { left, ids } = read;
  const first = left.offsets[0];
  const length = left.offsets[1] - first;
  const own = ids.values.subarray(ids.offsets[0], ids.offsets[1]);
  const refuse = (reason: string) => spectrumErrors.malformedBasis(source, reason);
  for (let row = 0; row < rows; row += 1) {
    if (read.index[row] !== row + 1) throw refuse(`row ${row} has index ${read.index[row]}, not ${row + 1}`);
    if (left.offsets[row + 1] - left.offsets[row] !== length) throw refuse("vectors of several lengths");
    if (read.jacobian_step[row] !== read.jacobian_step[0] || read.split[row] !== read.split[0]) {
      throw refuse("several Jacobians in one batch");
    }
  }
  if (own.length === 0 || length % own.length !== 0) {
    throw refuse(`vectors of ${length} numbers for ${own.length} examples`);
  }
  return {
    step: Number(read.jacobian_step[0]),
    epoch: read.epoch[0],
    split: read.split[0],
    ids: own,
    classes: length / own.length,
    vectors: { rows, columns: length, values: left.values.subarray(first, first + rows * length) },
    singularValues: read.singular_value,
    nextSingularValues: read.next_singular_value,
    energyShares: read.energy_share,
  };
}

/** Whether two Jacobians have the same rows in the same order. */
export function sameRows(one: JacobianBasis, other: JacobianBasis): boolean {
  return (
    one.split === other.split &&
    one.classes === other.classes &&
    one.ids.length === other.ids.length &&
    one.ids.every((id, index) => id === other.ids[index])
  );
}
