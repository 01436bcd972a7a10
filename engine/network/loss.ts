import type { Loss } from "../engine.js";

/** A loss and what the way back starts from. */
export interface LossValue {
  /** Float64. */
  readonly loss: number;
  /** ∂loss/∂f, n × K: (f − y)/batch, or (softmax(f) − y)/batch under cross-entropy. */
  readonly gradient: Float32Array;
}

/**
 * The losses of design §2, in float64: `squared` = mean of ½‖f − y‖², summed over outputs, y one-hot;
 * `cross-entropy` = mean of −log softmax(f)_label, computed without overflow. An output of NaN gives
 * a loss of NaN.
 *
 * @param outputs f, n × K row-major. @param labels length n, each 0 … K − 1.
 * @param batch the number of examples the mean is over, when these n are a part of them: the parts' losses add up.
 */
export function lossOf(
  loss: Loss,
  outputs: Float32Array,
  labels: Int32Array,
  classes: number,
  batch: number = labels.length,
): LossValue {
  const n = labels.length;
  const gradient = new Float32Array(n * classes);
  const probabilities = new Float64Array(classes);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const row = i * classes;
    const label = labels[i];
    if (loss === "squared") {
      for (let k = 0; k < classes; k++) {
        const residual = outputs[row + k] - (k === label ? 1 : 0);
        sum += 0.5 * residual * residual;
        gradient[row + k] = residual / batch;
      }
    } else {
      sum += softmaxInto(probabilities, outputs, row) - outputs[row + label];
      for (let k = 0; k < classes; k++) {
        gradient[row + k] = (probabilities[k] - (k === label ? 1 : 0)) / batch;
      }
    }
  }
  return { loss: sum / batch, gradient };
}

/** softmax of K outputs from `start` into `probabilities`; returns log Σ exp(f). */
export function softmaxInto(probabilities: Float64Array, outputs: Float32Array, start: number): number {
  const classes = probabilities.length;
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) largest = Math.max(largest, outputs[start + k]);
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    const value = Math.exp(outputs[start + k] - largest);
    probabilities[k] = value;
    sum += value;
  }
  for (let k = 0; k < classes; k++) probabilities[k] = probabilities[k] / sum;
  return largest + Math.log(sum);
}
