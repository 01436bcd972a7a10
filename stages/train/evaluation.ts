import type { Loss, Matrix } from "../../engine/engine.js";
import { lossOf } from "../../engine/network/loss.js";
import type { Examples } from "../examples.js";

/** What a training says of one split at one moment, all float64. */
export interface Evaluation {
  /** Mean loss against the given labels. */
  readonly loss: number;
  /** Share of examples whose largest output is not the given label; an example with a NaN among its outputs counts. */
  readonly error: number;
  /** The same against the clean labels. */
  readonly cleanError: number;
}

/** @param outputs f(x; w) of the examples, n × K, in their order; logits under cross-entropy. */
export function evaluate(loss: Loss, outputs: Matrix, { labels, cleanLabels }: Examples): Evaluation {
  const classes = predictedClasses(outputs);
  const share = (wanted: Int32Array) =>
    classes.reduce((wrong, found, row) => wrong + (found === wanted[row] ? 0 : 1), 0) / classes.length;
  return {
    loss: lossOf(loss, outputs.values, labels, outputs.columns).loss,
    error: share(labels),
    cleanError: share(cleanLabels),
  };
}

/** The place of the largest of K outputs, the first one of equals; −1 where an output is NaN. */
export function predictedClasses({ rows, columns, values }: Matrix): Int32Array {
  const classes = new Int32Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let best = 0;
    for (let k = 0; k < columns && best !== -1; k += 1) {
      const value = values[row * columns + k];
      if (Number.isNaN(value)) best = -1;
      else if (value > values[row * columns + best]) best = k;
    }
    classes[row] = best;
  }
  return classes;
}

/** n × K outputs of a network that has none: all NaN. */
export function noOutputs(rows: number, columns: number): Matrix {
  return { rows, columns, values: new Float32Array(rows * columns).fill(Number.NaN) };
}

/** ‖w − w₀‖ over the first `count` (the trainable) parameters, differences and sum in float64. */
export function parameterDistance(now: Float32Array, start: Float32Array, count: number): number {
  let squares = 0;
  for (let index = 0; index < count; index += 1) squares += (now[index] - start[index]) ** 2;
  return Math.sqrt(squares);
}
