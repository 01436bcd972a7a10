import { bool, float64, int32, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

export const bound = defineTable(
  "bound",
  1,
  "Bias and variance of Theorems 2.2 and 2.3 of arXiv 1906.05392 at a cut, and the exact bounds of the linearised problem",
  {
    stage: utf8("the stage that computed it"),
    source: utf8("the stage whose singular vectors were taken: of a Jacobian, or of the kernel Σ(X)"),
    jacobian_step: int64("training steps done when J was taken", "steps"),
    epoch: float64("epochs done when J was taken", "epochs"),
    split: split("the examples of J's rows: those trained on"),
    target: utf8("the v below: label (y, Theorem 2.2) or residual (r_0 = f(w_0) − y, Theorem 2.3)"),
    rank: int32("r, the dimension of the information space at this cut"),
    alpha: float64("α of the theorems: σ_r/√n of J, the same as λ_r^½/√(nK) of Σ(X), λ_r its eigenvalues"),
    cutoff: float64("σ_r: α of the linearised problem", "output / parameter"),
    gamma: float64("Γ ≥ 1: how far the information space is learnt"),
    bias: float64("‖Π_N v‖/√n + e^{−Γ} (Theorem 2.2, 2.3); up to a constant"),
    variance: float64("Γ/(α√n) (Theorem 2.2, 2.3); up to a constant"),
    bound: float64(
      "bias + variance: the test error is at most this, up to a constant that the theorems leave open",
    ),
    minimum: bool("whether the bound is the least of this source, Jacobian and target"),
    whole_space: float64(
      "√(K/n)·√(vᵀΣ(X)⁻¹v), of J: ‖J†v‖/√n (Theorem 2.2, whole space); up to a constant; NaN unless the basis has all nK vectors, of σ > 0",
    ),
    step_size: float64("η of ½‖f − y‖²: learningRate/n, without one 1/σ_1²", "1 / (output / parameter)²"),
    stability: float64(
      "ησ_1²: above 1 the four columns below bound nothing, above 2 gradient descent diverges",
    ),
    steps: float64("T = Γ/(ησ_r²), rounded, at least 1", "steps"),
    residual_bound: float64(
      "(e^{−2Γ′}‖Π_I v‖² + ‖Π_N v‖²)^½ ≥ ‖r_T‖, Γ′ = Tησ_r²; exact for the linearised problem started at residual v",
      "output",
    ),
    residual_predicted: float64(
      "‖r_T‖ of the linearised problem, r_T = U(1 − ησ²)ᵀUᵀv; from above where the basis leaves vectors out",
      "output",
    ),
    distance_bound: float64(
      "B_{α,Γ′} = (Σ_{s≤r}(u_sᵀv)²/σ_s² + (Γ′/σ_r)²‖Π_N v‖²)^½ ≥ ‖w_T − w_0‖; exact for the linearised problem",
      "parameter",
    ),
    distance_predicted: float64(
      "‖w_T − w_0‖ of the linearised problem; from below where the basis leaves vectors out",
      "parameter",
    ),
    measured_epoch: float64(
      "epoch of the evaluation nearest to T steps after the Jacobian; NaN without evaluations or a learning rate, or when T is past the last",
      "epochs",
    ),
    measured_error: float64("share of wrong test examples there; NaN where measured_epoch is"),
  },
);
