import { float32Vector, float64, int32, int64, split, utf8 } from "../columns.js";
import { lossMetadata, type TrainingLoss } from "../loss.js";
import { defineTable } from "../table.js";

/** How the labels of a split were changed; JSON in the examples schema's metadata under `noise`. */
export interface LabelNoise {
  readonly kind: string;
  readonly fraction: number;
  readonly splits: readonly ("train" | "test")[];
  /** transition[c][j] = P(given label j | true class c): E[y | true class] is its row c. */
  readonly transition: readonly (readonly number[])[];
}

/**
 * The examples table for inputs of one shape. `classes` are the names of the K classes (absent: K is the network's
 * output).
 */
export function examplesTable(
  shape: readonly number[],
  metadata: { readonly classes?: readonly string[]; readonly noise?: LabelNoise } = {},
) {
  const dimension = shape.reduce((product, side) => product * side, 1);
  return defineTable(
    "examples",
    1,
    "Examples with given and clean labels",
    {
      id: int32("unique within its split"),
      split: split("train or test"),
      features: float32Vector(dimension, "the input, row-major (images: height, width, channel)", shape),
      label: int32("given class, 0 … K − 1"),
      clean_label: int32("class before label noise, 0 … K − 1"),
    },
    {
      ...(metadata.classes === undefined ? {} : { classes: JSON.stringify(metadata.classes) }),
      ...(metadata.noise === undefined ? {} : { noise: JSON.stringify(metadata.noise) }),
    },
  );
}

/** The predictions table for K outputs of a network trained with `loss`; it says so in its schema's metadata. */
export function predictionsTable(outputs: number, loss?: TrainingLoss) {
  const columns = {
    stage: utf8("the stage that computed it"),
    step: int64("training steps done", "steps"),
    epoch: float64("epochs done", "epochs"),
    split: split("train or test"),
    id: int32("id of the example in its split"),
    values: float32Vector(outputs, "f(x; w), one a class (logits under cross-entropy)"),
  };
  return defineTable("predictions", 1, "Network outputs f(x; w)", columns, lossMetadata(loss));
}
