import type { Loss } from "../engine.js";

/** A loss of a batch and what the way back starts from. */
export interface LossValue {
  /** Mean over the batch, float64. */
  readonly loss: number;
  /** ∂loss/∂f, n × K: (f − y)/n, or (softmax(f) − y)/n under cross-entropy. */
  readonly gradient: Float32Array;
}

/**
 * The losses of design §2, in float64: `squared` = mean of ½‖f − y‖², summed over outputs, y one-hot;
 * `cross-entropy` = mean of −log softmax(f)_label, computed without overflow.
 *
 * @param outputs f, n × K row-major. @param labels length n, each 0 … K − 1.
 */
export function lossOf(loss: Loss, outputs: Float32Array, labels: Int32Array, classes: number): LossValue {
  const n = labels.length;
  const gradient = new Float32Array(n * classes);
  const probabilities = new Float64Array(classes);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const row = i * classes;
    const label = labels[i]!;
    if (loss === "squared") {
      for (let k = 0; k < classes; k++) {
        const residual = outputs[row + k]! - (k === label ? 1 : 0);
        sum += 0.5 * residual * residual;
        gradient[row + k] = residual / n;
      }
    } else {
      sum += softmaxInto(probabilities, outputs, row) - outputs[row + label]!;
      for (let k = 0; k < classes; k++) {
        gradient[row + k] = (probabilities[k]! - (k === label ? 1 : 0)) / n;
      }
    }
  }
  return { loss: sum / n, gradient };
}

/** softmax of K outputs from `start` into `probabilities`; returns log Σ exp(f). */
export function softmaxInto(probabilities: Float64Array, outputs: Float32Array, start: number): number {
  const classes = probabilities.length;
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < classes; k++) largest = Math.max(largest, outputs[start + k]!);
  let sum = 0;
  for (let k = 0; k < classes; k++) {
    const value = Math.exp(outputs[start + k]! - largest);
    probabilities[k] = value;
    sum += value;
  }
  for (let k = 0; k < classes; k++) probabilities[k] = probabilities[k]! / sum;
  return largest + Math.log(sum);
}
