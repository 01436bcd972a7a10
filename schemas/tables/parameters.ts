import { bool, float32List, float64, int32List, int64, utf8 } from "../columns.js";
import { lossMetadata, type TrainingLoss } from "../loss.js";
import { defineTable } from "../table.js";

/**
 * The parameters table of one network (its JSON is schema metadata, and the loss it is trained with); one batch is one
 * snapshot.
 */
export function parametersTable(network: unknown, loss?: TrainingLoss) {
  return defineTable(
    "parameters",
    1,
    "Snapshots of a network's parameters, one tensor a row",
    {
      step: int64("training steps done", "steps"),
      epoch: float64("epochs done", "epochs"),
      tensor: utf8("layer/kernel, layer/bias, …"),
      shape: int32List("dimensions of the tensor"),
      trainable: bool("whether it is part of w, a column group of J"),
      values: float32List("row-major"),
    },
    { network: JSON.stringify(network), ...lossMetadata(loss) },
  );
}
