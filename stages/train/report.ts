import type { RecordBatch } from "apache-arrow";
import type { Loss, Matrix } from "../../engine/engine.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import { type MetricName, metrics } from "../../schemas/tables/metrics.js";
import type { Examples } from "../examples.js";
import type { Evaluation } from "./evaluation.js";

/** Outputs of one split at one moment, and what they are worth. */
export interface Finding {
  readonly examples: Examples;
  /** f(x; w), n × K. */
  readonly outputs: Matrix;
  readonly evaluation: Evaluation;
}

/** When and by whom an evaluation was made. */
export interface Occasion {
  readonly stage: string;
  readonly step: number;
  readonly epoch: number;
}

/**
 * One evaluation's metrics: loss, error and clean_error of every split, then parameter_distance and learning_rate with
 * split train.
 */
export function metricsBatch(
  occasion: Occasion,
  findings: readonly Finding[],
  parameterDistance: number,
  learningRate: number,
): RecordBatch {
  const rows: (readonly [MetricName, "train" | "test", number])[] = findings.flatMap(
    ({ examples: { split }, evaluation }) =>
      [
        ["loss", split, evaluation.loss],
        ["error", split, evaluation.error],
        ["clean_error", split, evaluation.cleanError],
      ] as const,
  );
  rows.push(["parameter_distance", "train", parameterDistance], ["learning_rate", "train", learningRate]);
  return metrics.batch(
    {
      ...occasion,
      split: rows.map(([, split]) => split),
      name: rows.map(([name]) => name),
      value: rows.map(([, , value]) => value),
    },
    rows.length,
  );
}

/** The outputs of one split, in the order of its examples. */
export function predictionsBatch(
  occasion: Occasion,
  { examples, outputs }: Finding,
  loss: Loss,
): RecordBatch {
  return predictionsTable(outputs.columns, loss).batch(
    { ...occasion, split: examples.split, id: examples.ids, values: outputs.values },
    outputs.rows,
  );
}
