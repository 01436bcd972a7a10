import { curveOf, lowest } from "../dist/stages/sinks/report/errorCurves.js";
import { headline } from "../dist/stages/sinks/report/headline.js";

/**
 * The numbers that five seeds of the quickstart's set-up gave in PyTorch, each with the way to read it from the tables
 * of a run: lowest and highest as they were printed, so the true ones are within half of the last digit.
 */
export const reference = [
  { name: "clean labels, initial Jacobian", low: "0.91", high: "0.92", of: ratio("clean_label", "initial") },
  { name: "labels as given, initial", low: "0.61", high: "0.61", of: ratio("label", "initial") },
  { name: "labels centred, initial", low: "0.23", high: "0.24", of: ratio("centred_label", "initial") },
  { name: "label changes, initial", low: "0.53", high: "0.55", of: ratio("label_change", "initial") },
  { name: "unpredictable noise, initial", low: "0.09", high: "0.10", of: ratio("label_noise", "initial") },
  { name: "unpredictable noise, final", low: "0.38", high: "0.53", of: ratio("label_noise", "final") },
  {
    name: "training error, epoch 1",
    low: "0.52",
    high: "0.59",
    of: error("train", (curve) => curve[1].value),
  },
  {
    name: "training error, end",
    low: "0.006",
    high: "0.02",
    of: error("train", (curve) => curve.at(-1).value),
  },
  { name: "test error, best", low: "0.11", high: "0.14", of: error("test", (curve) => lowest(curve).value) },
  { name: "epoch of the best", low: "2", high: "7", of: error("test", (curve) => lowest(curve).epoch) },
  { name: "test error, end", low: "0.46", high: "0.55", of: error("test", (curve) => curve.at(-1).value) },
];

/** ‖Π_I v‖/‖v‖ of a target on the information space of the initial or the final Jacobian of the training examples. */
function ratio(target, jacobian) {
  return (tables) =>
    headline(tables).find(
      (row) => row.target === target && row.jacobian === jacobian && row.split === "train",
    ).informationRatio;
}

/** Something of an error curve, errors against the given labels. */
function error(split, choose) {
  return (tables) => choose(curveOf(tables.metrics, split, "error"));
}

/** Half of the last digit of a printed number. */
const half = (text) => 0.5 * 10 ** -(text.split(".")[1] ?? "").length;

/**
 * Compares the values of one line. `ok` when the ranges meet: of two fives of the same law, all of one lie below or
 * above all of the other once in 126 draws, whatever the law. `inside` counts the values within the reference's range.
 */
export function compare({ low, high }, values) {
  const from = Number(low) - half(low);
  const to = Number(high) + half(high);
  const lowest = Math.min(...values);
  const highest = Math.max(...values);
  return {
    ...{ lowest, highest },
    inside: values.filter((value) => value >= from && value <= to).length,
    ok: lowest <= to && highest >= from,
  };
}
