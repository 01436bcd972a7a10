import type { RecordBatch } from "apache-arrow";
import type { Split } from "../../schemas/columns.js";
import { metrics } from "../../schemas/tables/metrics.js";

/** A number measured during training. */
export interface Evaluation {
  readonly step: number;
  readonly epoch: number;
  readonly value: number;
}

/** The errors on a split that a batch of metrics holds, in its order. */
export function errorsOf(batch: RecordBatch, split: Split): Evaluation[] {
  const table = metrics.read(batch);
  const found: Evaluation[] = [];
  for (let row = 0; row < table.length; row += 1) {
    if (table.name[row] !== "error" || table.split[row] !== split) continue;
    found.push({ step: Number(table.step[row]), epoch: table.epoch[row], value: table.value[row] });
  }
  return found;
}

/** The evaluation nearest to a step (the earlier of two as near); undefined past the last one and without any. */
export function nearest(evaluations: readonly Evaluation[], step: number): Evaluation | undefined {
  let found: Evaluation | undefined;
  let last = Number.NEGATIVE_INFINITY;
  for (const evaluation of evaluations) {
    last = Math.max(last, evaluation.step);
    const closer = found === undefined || Math.abs(evaluation.step - step) < Math.abs(found.step - step);
    if (closer) found = evaluation;
  }
  return step > last ? undefined : found;
}
