import { float64, int32, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

export const linearised = defineTable(
  "linearised",
  1,
  "Gradient descent on the linearised network against what was measured",
  {
    stage: utf8("the stage that computed it"),
    step: int64("training steps done", "steps"),
    epoch: float64("epochs done", "epochs"),
    split: split("the examples of the residual: those trained on"),
    jacobian_step: int64("training steps done when J was taken", "steps"),
    rank: int32("r, the dimension of the information space"),
    information_measured: float64("‖Π_I r_t‖ of the run", "output"),
    information_predicted: float64("‖Π_I r_t‖ of r_t = U (1 − ησ²)ᵗ Uᵀ r_0", "output"),
    nuisance_measured: float64("‖Π_N r_t‖ of the run", "output"),
    nuisance_predicted: float64(
      "‖Π_N r_t‖ of the same; an upper bound as far as the basis leaves vectors out",
      "output",
    ),
    distance_measured: float64("‖w_t − w_0‖ of the run; NaN where it was not measured", "parameter"),
    distance_predicted: float64(
      "‖w_t − w_0‖ of the linearised network; a lower bound as far as the basis leaves vectors out",
      "parameter",
    ),
    stability: float64("ησ_1²: above 2 gradient descent on the linearised network diverges"),
  },
);
