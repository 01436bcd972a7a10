import type { RecordBatch, Schema } from "apache-arrow";
import { DataType } from "apache-arrow";
import type { RowRange } from "./columns.js";

/** Columns that say when a row was taken, the first one that a table has counts. */
export const stepNames = ["step", "jacobian_step"];

/** The column that orders the rows of a file: the step, else that of the Jacobian; undefined for a table without. */
export function stepColumn(schema: Schema): number | undefined {
  const isStep = (name: string) =>
    schema.fields.findIndex((field) => field.name === name && DataType.isInt(field.type) && !field.nullable);
  return stepNames.map(isStep).find((index) => index !== -1);
}

/** Rows of one step that follow each other in a batch. */
interface Run extends RowRange {
  readonly step: number | bigint;
}

function runsOf(batch: RecordBatch, column: number): readonly Run[] {
  const steps = batch.data.children[column].values as BigInt64Array | Int32Array;
  const runs: Run[] = [];
  let from = 0;
  for (let row = 1; row <= batch.numRows; row++) {
    if (row < batch.numRows && steps[row] === steps[from]) continue;
    runs.push({ batch, from, to: row, step: steps[from] });
    from = row;
  }
  return runs;
}

/** Whether no row of the batches has a smaller step than the row before it. */
function inOrder(batches: readonly RecordBatch[], column: number): boolean {
  let last: number | bigint | undefined;
  for (const batch of batches) {
    const steps = batch.data.children[column].values as BigInt64Array | Int32Array;
    for (let row = 0; row < batch.numRows; row++) {
      if (last !== undefined && steps[row] < last) return false;
      last = steps[row];
    }
  }
  return true;
}

/** All rows of the batches by this integer column, rows of one value in the order they have; in their order for none. */
export function rangesByStep(
  batches: readonly RecordBatch[],
  column: number | undefined,
): readonly RowRange[] {
  if (column === undefined || inOrder(batches, column)) {
    return batches.map((batch) => ({ batch, from: 0, to: batch.numRows }));
  }
  return batches
    .filter(({ numRows }) => numRows > 0)
    .flatMap((batch) => runsOf(batch, column))
    .sort((left, right) => (left.step < right.step ? -1 : left.step > right.step ? 1 : 0));
}
