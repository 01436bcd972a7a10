import { float32List, float64, int32, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

/** The targets of a projection that asks for none in particular. */
export const defaultProjectionTargets = [
  "label",
  "centred_label",
  "residual",
  "label_noise",
  "label_change",
] as const;

export const projectionTargets = [...defaultProjectionTargets, "clean_label"] as const;
export type ProjectionTarget = (typeof projectionTargets)[number];

export const projection = defineTable(
  "projection",
  1,
  "Labels and residuals on information and nuisance space",
  {
    stage: utf8("the stage that computed it"),
    step: int64("training steps done when the target was taken", "steps"),
    epoch: float64("epochs done when the target was taken", "epochs"),
    split: split("the examples of target and Jacobian"),
    jacobian_step: int64("training steps done when J was taken", "steps"),
    target: utf8("label, centred_label, residual, label_noise, label_change or clean_label"),
    rank: int32("r, the dimension of the information space"),
    cutoff: float64("α: the given cut-off, or σ_r in rank and energy mode", "output / parameter"),
    gap: float64("σ_r / σ_{r+1}; Infinity when σ_{r+1} = 0"),
    information_norm: float64("‖Π_I v‖", "output"),
    nuisance_norm: float64("‖Π_N v‖, Π_N v = v − U(Uᵀv)", "output"),
    information_ratio: float64("‖Π_I v‖ / ‖v‖"),
    nuisance_ratio: float64("‖Π_N v‖ / ‖v‖"),
    information_energy: float64("‖Π_I v‖² / ‖v‖²"),
    pseudo_inverse_norm: float64("‖J_I† v‖ = (Σ_{s≤r} (u_sᵀv)² / σ_s²)^½", "parameter"),
    random_ratio: float64("√(r / nK): the norm ratio of a random space of this dimension"),
    constant_energy: float64("share of ‖v‖² on the K constant directions 1_n ⊗ e_k"),
  },
);

export const directions = defineTable(
  "directions",
  1,
  "Energy of labels and residuals along each singular direction: what a projection is at any smaller rank",
  {
    stage: utf8("the stage that computed it"),
    step: int64("training steps done when the target was taken", "steps"),
    epoch: float64("epochs done when the target was taken", "epochs"),
    split: split("the examples of target and Jacobian"),
    jacobian_step: int64("training steps done when J was taken", "steps"),
    target: utf8("label, centred_label, residual, label_noise, label_change or clean_label"),
    norm: float64("‖v‖ of the target v", "output"),
    energies: float32List(
      "(u_sᵀv)² / ‖v‖² for s = 1 … r, strongest direction first; the first k add up to the information energy at rank k",
    ),
  },
);

/** The labels whose space an information space can be compared with. */
export const angleTargets = ["label", "centred_label", "clean_label"] as const;
export type AngleTarget = (typeof angleTargets)[number];

export const angles = defineTable("angles", 2, "Principal angles of an information space and another space", {
  stage: utf8("the stage that computed it"),
  jacobian_step: int64("training steps done at the Jacobian whose information space it is", "steps"),
  other: utf8(
    "jacobian: the information space of another Jacobian; label, centred_label, clean_label: the span of the K parts of that target, one an output",
  ),
  other_step: int64(
    "training steps done at the other Jacobian; jacobian_step where the other is labels",
    "steps",
  ),
  split: split("the examples of both"),
  index: int32("1 for the smallest angle"),
  cosine: float64("cosine of the principal angle"),
});
