import type { Split } from "../schemas/columns.js";
import { curveOf, lowest, type Moment } from "../stages/sinks/report/errorCurves.js";
import { headline } from "../stages/sinks/report/headline.js";
import type { RunTables } from "../stages/sinks/report/tables.js";

/** A number of the reference run: lowest and highest of five seeds as they were printed, and where a run has it. */
export interface ReferenceLine {
  readonly name: string;
  readonly low: string;
  readonly high: string;
  readonly of: (tables: RunTables) => number;
}

/** What five seeds of the quickstart's set-up gave in PyTorch; rounded, so the true ones are within half a digit. */
export const reference: readonly ReferenceLine[] = [
  { name: "clean labels, initial Jacobian", low: "0.91", high: "0.92", of: ratio("clean_label", "initial") },
  { name: "labels as given, initial", low: "0.61", high: "0.61", of: ratio("label", "initial") },
  { name: "labels centred, initial", low: "0.23", high: "0.24", of: ratio("centred_label", "initial") },
  { name: "label changes, initial", low: "0.53", high: "0.55", of: ratio("label_change", "initial") },
  { name: "unpredictable noise, initial", low: "0.09", high: "0.10", of: ratio("label_noise", "initial") },
  { name: "unpredictable noise, final", low: "0.38", high: "0.53", of: ratio("label_noise", "final") },
  { name: "training error, epoch 1", low: "0.52", high: "0.59", of: error("train", (curve) => at(curve, 1)) },
  { name: "training error, end", low: "0.006", high: "0.02", of: error("train", (curve) => at(curve, -1)) },
  { name: "test error, best", low: "0.11", high: "0.14", of: error("test", (curve) => lowest(curve)?.value) },
  { name: "epoch of the best", low: "2", high: "7", of: error("test", (curve) => lowest(curve)?.epoch) },
  { name: "test error, end", low: "0.46", high: "0.55", of: error("test", (curve) => at(curve, -1)) },
];

/** ‖Π_I v‖/‖v‖ of a target on the information space of the initial or the final Jacobian of the training examples. */
function ratio(target: string, jacobian: "initial" | "final") {
  return (tables: RunTables): number =>
    headline(tables).find(
      (row) => row.target === target && row.jacobian === jacobian && row.split === "train",
    )?.informationRatio ?? Number.NaN;
}

/** Something of an error curve, errors against the given labels. */
function error(split: Split, choose: (curve: readonly Moment[]) => number | undefined) {
  return (tables: RunTables): number => choose(curveOf(tables.metrics, split, "error")) ?? Number.NaN;
}

const at = (curve: readonly Moment[], place: number): number | undefined => curve.at(place)?.value;

/** Half of the last digit of a printed number. */
const half = (text: string): number => 0.5 * 10 ** -(text.split(".")[1] ?? "").length;

export interface Comparison {
  readonly lowest: number;
  readonly highest: number;
  readonly mean: number;
  /** Of the sample; NaN for one value. */
  readonly deviation: number;
  /** How many values are within the reference's own range. */
  readonly inside: number;
  readonly ok: boolean;
}

/**
 * Compares the values of one line, one a seed. `ok` when the ranges meet: of two fives drawn from one law, all of one
 * lie below or above all of the other once in 126 draws, whatever the law. A value that is missing (NaN) is not ok.
 */
export function compare(
  { low, high }: Pick<ReferenceLine, "low" | "high">,
  values: readonly number[],
): Comparison {
  const from = Number(low) - half(low);
  const to = Number(high) + half(high);
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    ...{ lowest, highest, mean, deviation: Math.sqrt(squares / (values.length - 1)) },
    inside: values.filter((value) => value >= from && value <= to).length,
    ok: lowest <= to && highest >= from,
  };
}
