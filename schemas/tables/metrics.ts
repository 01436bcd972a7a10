import { float64, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

export const metricNames = [
  "loss",
  "error",
  "clean_error",
  "parameter_distance",
  "learning_rate",
  "jacobian_norm",
  "effective_rank",
  "stable_rank",
] as const;
export type MetricName = (typeof metricNames)[number];

export const metrics = defineTable("metrics", 1, "Scalars of a run, one a row", {
  stage: utf8("the stage that measured it"),
  step: int64("training steps done", "steps"),
  epoch: float64("passes over the training examples done", "epochs"),
  split: split("the examples it was measured on"),
  name: utf8("what was measured"),
  value: float64("the value; NaN and ±Inf are kept", "depends on name"),
});
