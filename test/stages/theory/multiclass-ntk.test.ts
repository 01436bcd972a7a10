import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { multiclassNtk as kernelOf } from "../../../engine/theory/multiclassNtk.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { readBasis } from "../../../stages/metrics/basis.js";
import { multiclassNtk } from "../../../stages/theory/multiclass-ntk.js";
import { runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/theory/multiclass-ntk");

const [n, d, K] = [9, 4, 3];
const random = randomSource("inputs");
const features = Float32Array.from({ length: n * d }, () => random.normal());
const examples = examplesTable([d], { classes: ["a", "b", "c"] }).batch(
  {
    id: Int32Array.from({ length: n }, (_, row) => 10 + row),
    split: Array.from({ length: n }, () => "train" as const),
    features,
    label: Int32Array.from({ length: n }, (_, row) => row % K),
    clean_label: Int32Array.from({ length: n }, (_, row) => row % K),
  },
  n,
);
const trial = (options: object) => ({
  options: { ...options },
  inputs: { examples: [examples] },
  engine: { algebra: inlineAlgebra() } as Engine,
});

test("values and vectors are those of ν² (block ⊗ I_K), rows sample-major: Σ u = σ² u for every one", async () => {
  const variance = 0.5;
  const rank = n * K;
  const sent = await sentBy(multiclassNtk, trial({ rank, activation: "softplus", variance }));
  const basis = readBasis(sent.basis[0], "basis")!;
  const block = await kernelOf({ rows: n, columns: d, values: features }, "softplus");
  const { vectors, singularValues } = basis;
  assert.equal(
    [basis.classes, vectors.rows, [...basis.ids]],
    [K, rank, [...Array(n).keys()].map((row) => 10 + row)],
  );
  for (let s = 0; s < rank; s += 1) {
    const u = vectors.values.subarray(s * n * K, (s + 1) * n * K);
    for (let i = 0; i < n; i += 1) {
      for (let k = 0; k < K; k += 1) {
        let product = 0;
        for (let j = 0; j < n; j += 1) product += variance * block.values[i * n + j] * u[j * K + k];
        assert.ok(Math.abs(product - singularValues[s] ** 2 * u[i * K + k]) < 1e-6);
      }
    }
    for (let other = 0; other < s; other += 1) {
      const v = vectors.values.subarray(other * n * K, (other + 1) * n * K);
      assert.ok(Math.abs(u.reduce((sum, value, at) => sum + value * v[at], 0)) < 1e-6);
    }
  }
  const values = spectrum.read(sent.spectrum[0]);
  const shares = values.energy_share.reduce((sum, share) => sum + share, 0);
  assert.ok(Math.abs(shares - 1) < 1e-12, "all values together are the trace");
  assert.is(values.method[0], "multiclass-ntk");
});

test("a rank below nK gives the first values, and the next one tells the gap at the cut", async () => {
  const whole = readBasis((await sentBy(multiclassNtk, trial({ rank: n * K }))).basis[0], "basis")!;
  for (const rank of [1, 3, 7]) {
    const part = readBasis((await sentBy(multiclassNtk, trial({ rank }))).basis[0], "basis")!;
    const close = (left: number, right: number) => Math.abs(left - right) < 1e-9 * whole.singularValues[0];
    part.singularValues.forEach((value, s) => {
      assert.ok(close(value, whole.singularValues[s]));
    });
    assert.ok(close(part.nextSingularValues[rank - 1], whole.singularValues[rank]));
  }
});

test("more values than examples × classes, and a kernel beyond the memory limit, are refused", async () => {
  const { error } = await runStage(multiclassNtk, trial({ rank: n * K + 1 }));
  assert.is((error as JacoflowError).code, "RANK_TOO_LARGE");
  const other = await runStage(multiclassNtk, { ...trial({ rank: 1 }), memoryLimit: 8 * n * n });
  assert.is((other.error as JacoflowError).code, "KERNEL_MEMORY");
});

test.run();
