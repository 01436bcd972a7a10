import { float64, int32, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

export const density = defineTable(
  "density",
  1,
  "How the singular values of a Jacobian are distributed, all nK of them",
  {
    stage: utf8("the stage that computed it"),
    jacobian_step: int64("training steps done when J was taken", "steps"),
    epoch: float64("epochs done when J was taken", "epochs"),
    split: split("the examples of J's rows"),
    index: int32("1 for the largest value"),
    kind: utf8(
      "exact: a singular value itself; node: about `count` values near it; lump: values somewhere from 0 up to it, which were not told apart; zero: values that are 0",
    ),
    singular_value: float64("σ; of a lump its upper end", "output / parameter"),
    lower: float64(
      "its values lie from here to upper, evenly in √σ; both are σ where it is resolved; 0 for the lump",
      "output / parameter",
    ),
    upper: float64("see lower; for the lump σ", "output / parameter"),
    count: float64("values it stands for: 1 when exact, p × the weight of a node; all together nK", "values"),
    share: float64("count / nK; all together 1"),
    above: float64("values above this one: the counts of the rows before it", "values"),
    cumulative: float64(
      "above + count. The number N of values of at least σ is Σ count × the share of [lower, upper] from σ on; the random start leaves it off by about (2N/b)^½",
      "values",
    ),
    columns: int32("b, columns of the random start; 0 when exact"),
    sweeps: int32("passes over the examples; 0 when exact"),
  },
);
