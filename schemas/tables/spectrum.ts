import type { Schema } from "apache-arrow";
import { bool, float32List, float64, int32, int32List, int64, split, utf8 } from "../columns.js";
import { defineTable } from "../table.js";

export const spectrum = defineTable("spectrum", 1, "Largest singular values of a Jacobian", {
  stage: utf8("the stage that computed it"),
  jacobian_step: int64("training steps done when J was taken", "steps"),
  epoch: float64("epochs done when J was taken", "epochs"),
  split: split("the examples of J's rows"),
  index: int32("1 for the largest"),
  singular_value: float64("σ_index of J", "output / parameter"),
  residual_bound: float64("‖Jᵀu − σv‖ of this triplet", "output / parameter"),
  energy_share: float64("σ² / ‖J‖_F²"),
  method: utf8("block-krylov or exact; multiclass-ntk for the theory's kernel"),
  exact: bool("whether the value is exact up to rounding"),
});

const basisColumns = {
  stage: utf8("the stage that computed it"),
  jacobian_step: int64("training steps done when J was taken", "steps"),
  epoch: float64("epochs done when J was taken", "epochs"),
  split: split("the examples of J's rows"),
  index: int32("1 for the largest singular value"),
  left: float32List("u_index, length nK, sample-major (row i·K + k = output k of example i)"),
  ids: int32List("ids of the examples in row order; on index 1 only, else empty"),
  singular_value: float64("σ_index", "output / parameter"),
  next_singular_value: float64(
    "σ_{index+1}, for the gap at a cut here; 0 past the last",
    "output / parameter",
  ),
  energy_share: float64("σ_index² / ‖J‖_F²"),
};

const basisSummary = "Left singular vectors: the basis of the information space";

export const basis = defineTable("basis", 1, basisSummary, basisColumns);

/** The basis table of ν Σ(X)^½, which says ν² in its schema's metadata. */
export const kernelBasis = (variance: number) =>
  defineTable("basis", 1, basisSummary, basisColumns, { variance: String(variance) });

/** ν² when the basis is that of ν Σ(X)^½; undefined when it is that of a Jacobian. */
export function kernelVarianceOf(schema: Schema): number | undefined {
  const variance = schema.metadata.get("variance");
  return variance === undefined ? undefined : Number(variance);
}
