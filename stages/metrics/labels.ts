import {
  centredLabelTarget,
  cleanTransition,
  empiricalTransition,
  labelChangeTarget,
  labelNoiseTarget,
  labelTarget,
} from "../../engine/spectrum/targets.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { ProjectionTarget } from "../../schemas/tables/projection.js";
import type { ExampleSet, Examples } from "../examples.js";
import type { JacobianBasis } from "./basis.js";

/** Labels of a Jacobian's examples, in the order of its rows. */
export interface RowLabels {
  readonly labels: Int32Array;
  readonly cleanLabels: Int32Array;
}

/** Errors: ID_MISSING when the examples lack one of the Jacobian's. */
export function rowLabels(set: ExampleSet, { split, ids }: JacobianBasis, source: string): RowLabels {
  const examples = set[split];
  const rows = rowsOf(examples?.ids ?? new Int32Array(), ids, source, split);
  return {
    labels: rows.map((row) => examples!.labels[row]),
    cleanLabels: rows.map((row) => examples!.cleanLabels[row]),
  };
}

/** Network outputs with the ids of their examples, as a predictions table holds them. */
interface Predictions {
  readonly id: Int32Array;
  /** One row of K an example. */
  readonly values: Float32Array;
}

/** Outputs (n × K) in the order of the Jacobian's rows. Errors: ID_MISSING when the predictions lack one of its examples. */
export function rowPredictions(
  { id, values }: Predictions,
  { split, classes, ids }: JacobianBasis,
  source: string,
): Float32Array {
  if (sameOrder(id, ids)) return values;
  const ordered = new Float32Array(ids.length * classes);
  rowsOf(id, ids, source, split).forEach((row, index) => {
    for (let k = 0; k < classes; k += 1) ordered[index * classes + k] = values[row * classes + k];
  });
  return ordered;
}

function sameOrder(present: Int32Array, ids: Int32Array): boolean {
  return present.length === ids.length && present.every((id, row) => id === ids[row]);
}

/** Where each of `ids` stands in `present`. Errors: ID_MISSING. */
function rowsOf(present: Int32Array, ids: Int32Array, source: string, split: string): Int32Array {
  if (sameOrder(present, ids)) return ids.map((_, row) => row);
  const rowOfId = new Map<number, number>();
  present.forEach((id, row) => {
    rowOfId.set(id, row);
  });
  return ids.map((id) => {
    const row = rowOfId.get(id);
    if (row === undefined) throw spectrumErrors.idMissing(source, split, id);
    return row;
  });
}

/** A target that labels alone make; `transition` is P(label | true class). */
export function labelVector(
  target: Exclude<ProjectionTarget, "residual">,
  { labels, cleanLabels }: RowLabels,
  classes: number,
  transition: readonly (readonly number[])[],
): Float64Array {
  switch (target) {
    case "label":
      return labelTarget(labels, classes);
    case "clean_label":
      return labelTarget(cleanLabels, classes);
    case "centred_label":
      return centredLabelTarget(labels, classes);
    case "label_change":
      return labelChangeTarget(labels, cleanLabels, classes);
    case "label_noise":
      return labelNoiseTarget(labels, cleanLabels, transition);
  }
}

/**
 * P(label | true class) of a split: that of its noise where the table says so, the identity where the table's noise
 * left the split alone, else the shares among all examples of the split.
 */
export function transitionOf(
  { noise }: ExampleSet,
  examples: Examples,
  classes: number,
): readonly (readonly number[])[] {
  if (noise === undefined) return empiricalTransition(examples.labels, examples.cleanLabels, classes);
  return noise.splits.includes(examples.split) ? noise.transition : cleanTransition(classes);
}
