import type { Schema } from "apache-arrow";

const losses = ["squared", "cross-entropy"] as const;

/** The loss a network was trained with: it decides what the residual of its outputs is (design §2). */
export type TrainingLoss = (typeof losses)[number];

/** Schema metadata of tables that come from a training: `loss`. */
export function lossMetadata(loss: TrainingLoss | undefined): Readonly<Record<string, string>> {
  return loss === undefined ? {} : { loss };
}

/** The loss a table's schema names; undefined when it names none. */
export function lossOfSchema(schema: Schema): TrainingLoss | undefined {
  const named = schema.metadata.get("loss");
  return losses.find((loss) => loss === named);
}
