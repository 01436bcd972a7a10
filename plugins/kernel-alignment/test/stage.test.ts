import type { RecordBatch } from "apache-arrow";
import { basis, type Engine, examplesTable, type JacoflowError, metrics } from "jacoflow";
import { runStage } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { kernelAlignment } from "../src/stage.js";
import { basisOf, gram, orthonormal } from "./dense.js";

const law = suite("metrics/kernel-alignment");

const size = 12;
const values = Array.from({ length: size }, (_, index) => 2 ** -index);

/** The batch of one Jacobian, and examples for it. */
function jacobian(seed: string, step: number, ids = [0, 1, 2, 3, 4, 5]): RecordBatch {
  const found = basisOf(orthonormal(seed, size), values, 4);
  const rows = found.vectors.rows;
  const offsets = (length: number) => Int32Array.from({ length: rows + 1 }, (_, row) => row * length);
  return basis.batch(
    {
      stage: "svd",
      jacobian_step: step,
      epoch: step / 10,
      split: "train",
      index: Int32Array.from({ length: rows }, (_, row) => row + 1),
      left: { values: found.vectors.values, offsets: offsets(size) },
      ids: {
        values: Int32Array.from(ids),
        offsets: Int32Array.from({ length: rows + 1 }, (_, row) => (row === 0 ? 0 : 6)),
      },
      singular_value: found.singularValues,
      next_singular_value: found.nextSingularValues,
      energy_share: found.energyShares,
    },
    rows,
  );
}

const examples = (clean: readonly number[], label: readonly number[]) => [
  examplesTable([1]).batch(
    {
      id: [0, 1, 2, 3, 4, 5],
      split: "train",
      features: new Float32Array(6),
      label: [...label],
      clean_label: [...clean],
    },
    6,
  ),
];

/** Runs the stage on these Jacobians; the rows it sends as name → values. */
async function measured(
  jacobians: readonly RecordBatch[],
  options: Readonly<Record<string, unknown>> = {},
  table = examples([0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1]),
) {
  const engine = async () => ({ algebra: { gram64: gram } }) as unknown as Engine;
  const inputs = { examples: [table], basis: [jacobians] };
  const { batches, error } = await runStage(kernelAlignment, { options, inputs, engine });
  if (error !== undefined) throw error;
  return batches.metrics.map((batch) => {
    const read = metrics.read(batch);
    return {
      step: Number(read.step[0]),
      values: Object.fromEntries(read.name.map((name, row) => [name, read.value[row]])),
    };
  });
}

law(
  "each Jacobian has its alignments, each later one its distances to the one before and to the first",
  async () => {
    const found = await measured([jacobian("a", 0), jacobian("b", 5), jacobian("a", 9)]);
    assert.equal(
      found.map(({ step }) => step),
      [0, 5, 9],
    );
    const alignments = ["kernel_alignment", "clean_kernel_alignment"];
    const distances = ["kernel_distance", "initial_kernel_distance"];
    const withBounds = (names: readonly string[]) => names.flatMap((name) => [name, `${name}_bound`]);
    assert.equal(Object.keys(found[0].values), withBounds(alignments));
    assert.equal(Object.keys(found[1].values), withBounds([...alignments, ...distances]));
    assert.is(found[1].values.kernel_distance, found[1].values.initial_kernel_distance);
    assert.ok(found[2].values.initial_kernel_distance < 1e-6);
    assert.ok(Math.abs(found[2].values.kernel_distance - found[1].values.kernel_distance) < 1e-6);
    assert.is.not(found[0].values.kernel_alignment, found[0].values.clean_kernel_alignment);
    assert.is(found[2].values.kernel_alignment, found[0].values.kernel_alignment);
  },
);

law("what is not asked for is not measured", async () => {
  const [only] = await measured([jacobian("a", 0)], { targets: ["label"], against: [] });
  assert.equal(Object.keys(only.values), ["kernel_alignment", "kernel_alignment_bound"]);
  assert.equal(await measured([jacobian("a", 0)], { targets: [] }), []);
});

law("Jacobians of other examples, and labels that are no output, are refused", async () => {
  const refusal = (work: Promise<unknown>) =>
    work.then(
      () => "measured",
      (error: JacoflowError) => error.code,
    );
  const other = jacobian("b", 5, [1, 0, 2, 3, 4, 5]);
  assert.is(await refusal(measured([jacobian("a", 0), other])), "KERNEL_OTHER_EXAMPLES");
  const third = examples([0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 2]);
  assert.is(await refusal(measured([jacobian("a", 0)], {}, third)), "KERNEL_OUTPUTS");
  assert.is(await refusal(measured([jacobian("a", 0, [0, 1, 2, 3, 4, 9])])), "ID_MISSING");
});

law.run();
