import type { Loss } from "../engine.js";
import { softmaxInto } from "../network/loss.js";

/**
 * The vectors that are split between information and nuisance space, all in R^{nK}, float64, sample-major: element
 * i·K + k belongs to output k of example i. Definitions: paper §1 and design §2 (labels).
 */

/** One-hot labels y. */
export function labelTarget(labels: Int32Array, classes: number): Float64Array {
  const target = new Float64Array(labels.length * classes);
  for (let i = 0; i < labels.length; i += 1) target[i * classes + labels[i]] = 1;
  return target;
}

/** y minus its mean over these examples: what is left after a constant prediction. */
export function centredLabelTarget(labels: Int32Array, classes: number): Float64Array {
  const target = labelTarget(labels, classes);
  const means = columnSums(target, classes).map((sum) => sum / labels.length);
  for (let index = 0; index < target.length; index += 1) target[index] -= means[index % classes];
  return target;
}

/** f − y, or softmax(f) − y under cross-entropy; `predictions` n × K. */
export function residualTarget(predictions: Float32Array, labels: Int32Array, loss: Loss): Float64Array {
  const classes = predictions.length / labels.length;
  const residual = Float64Array.from(predictions);
  if (loss === "cross-entropy") {
    for (let i = 0; i < labels.length; i += 1) {
      softmaxInto(residual.subarray(i * classes, (i + 1) * classes), predictions, i * classes);
    }
  }
  for (let i = 0; i < labels.length; i += 1) residual[i * classes + labels[i]] -= 1;
  return residual;
}

/** y − y_clean: 0 where nothing was changed. */
export function labelChangeTarget(
  labels: Int32Array,
  cleanLabels: Int32Array,
  classes: number,
): Float64Array {
  const target = labelTarget(labels, classes);
  for (let i = 0; i < labels.length; i += 1) target[i * classes + cleanLabels[i]] -= 1;
  return target;
}

/**
 * y − E[y | true class]: the part of the labels that nothing but memory can predict (design §2).
 *
 * @param transition P(given label j | true class c) in row c: the noise's own, or `empiricalTransition`
 */
export function labelNoiseTarget(
  labels: Int32Array,
  cleanLabels: Int32Array,
  transition: readonly (readonly number[])[],
): Float64Array {
  const classes = transition.length;
  const target = labelTarget(labels, classes);
  for (let i = 0; i < labels.length; i += 1) {
    const expected = transition[cleanLabels[i]];
    for (let k = 0; k < classes; k += 1) target[i * classes + k] -= expected[k];
  }
  return target;
}

/** Share of the examples of true class c that carry label j: stands in for a transition matrix that is not known. */
export function empiricalTransition(
  labels: Int32Array,
  cleanLabels: Int32Array,
  classes: number,
): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i += 1) counts[cleanLabels[i]][labels[i]] += 1;
  return counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => (total === 0 ? 0 : count / total));
  });
}

/** E[y | true class] where labels are as they were: the identity. */
export function cleanTransition(classes: number): number[][] {
  return Array.from({ length: classes }, (_, c) =>
    Array.from({ length: classes }, (_, j) => (c === j ? 1 : 0)),
  );
}

/** Share of ‖v‖² on the K constant directions 1_n ⊗ e_k/√n; NaN when v = 0. */
export function constantEnergy(vector: Float64Array, classes: number): number {
  const examples = vector.length / classes;
  let energy = 0;
  for (let index = 0; index < vector.length; index += 1) energy += vector[index] * vector[index];
  const constant = columnSums(vector, classes).reduce((sum, value) => sum + (value * value) / examples, 0);
  return constant / energy;
}

function columnSums(vector: Float64Array, classes: number): Float64Array {
  const sums = new Float64Array(classes);
  for (let index = 0; index < vector.length; index += 1) sums[index % classes] += vector[index];
  return sums;
}
