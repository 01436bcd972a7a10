import { float64, int32, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

export const advice = defineTable("advice", 1, "When to stop training, and what stopping then is worth", {
  stage: utf8("the stage that computed it"),
  split: split("the examples of the residuals: those trained on"),
  jacobian_step: int64("training steps done when J was taken, whose information space it is", "steps"),
  rank: int32("r, the dimension of the information space"),
  choice: utf8(
    "advised: by the training residuals alone; best: the evaluation of the least test error; last: the end of the run. The last two are there for comparison, where test errors are wired",
  ),
  reason: utf8(
    "of advised: noise-level, the first evaluation whose excess is at most the threshold; least-excess, none is and this one is nearest to it. Else: hindsight",
  ),
  step: int64("training steps done", "steps"),
  epoch: float64("epochs done", "epochs"),
  excess: float64(
    "(‖Π_I r‖²/r) / (‖Π_N r‖²/(nK − r)): 1 when the residual is noise alone; NaN where no residual was split",
  ),
  threshold: float64("1 + deviations·√(2/r + 2/(nK − r))"),
  gamma: float64(
    "½ ln(excess at the first evaluation / threshold): the Γ of e^{−Γ} by which ‖Π_I r‖ had to fall (arXiv 1906.05392, Theorem 2.2)",
  ),
  noise: float64(
    "(‖Π_N r‖²/(nK − r))^½: the labels' noise in one output, as the residual tells it",
    "output",
  ),
  test_error: float64(
    "share of wrong test examples there; not used for the advice; NaN where it was not measured",
  ),
});
