import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { angles as table } from "../../../schemas/tables/projection.js";
import { basisBatch } from "../../../stages/jacobian/batches.js";
import { angles } from "../../../stages/metrics/angles.js";
import { runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/metrics/angles");

/** Four examples of two classes, the label of the last one changed from 1 to 0. */
const ids = Int32Array.of(5, 6, 7, 8);
const examplesOf = (label: readonly number[]) =>
  examplesTable([1], { classes: ["a", "b"] }).batch(
    {
      ...{ id: ids, split: ["train", "train", "train", "train"] as const, features: new Float32Array(4) },
      ...{ label: Int32Array.from(label), clean_label: Int32Array.of(0, 0, 1, 1) },
    },
    4,
  );
const examples = examplesOf([0, 0, 1, 0]);

/** A Jacobian whose left vectors, in R⁸ (row 2i + k is output k of example i), are these. */
const basisOf = (step: number, vectors: readonly (readonly number[])[]) =>
  basisBatch(
    { stage: "svd", step, epoch: step / 10, split: "train" },
    {
      ...{ exact: true, method: "exact", nextSingularValue: 0, frobeniusSquared: 10 },
      residualBounds: new Float64Array(vectors.length),
      singularValues: Float64Array.from(vectors, (_, s) => vectors.length - s),
      leftVectors: {
        ...{ rows: 8, columns: vectors.length },
        values: Float32Array.from(
          { length: 8 * vectors.length },
          (_, at) => vectors[at % vectors.length][Math.floor(at / vectors.length)],
        ),
      },
    },
    ids,
  );
const axis = (...at: readonly number[]) =>
  Array.from({ length: 8 }, (_, row) => (at.includes(row) ? 1 / Math.sqrt(at.length) : 0));
const between = (one: readonly number[], other: readonly number[], angle: number) =>
  one.map((value, row) => Math.cos(angle) * value + Math.sin(angle) * other[row]);

/** Rows as `step other other_step: cosines`. */
async function found(inputs: object, options: object = {}) {
  const engine = { algebra: inlineAlgebra() } as Engine;
  const sent = await sentBy(angles, { options: { ...options }, inputs: { ...inputs }, engine });
  return new Map(
    sent.angles.map((batch) => {
      const { jacobian_step, other, other_step, cosine, index } = table.read(batch);
      assert.equal(
        [...index],
        [...cosine].map((_, at) => at + 1),
      );
      return [`${jacobian_step[0]} ${other[0]} ${other_step[0]}`, [...cosine]];
    }),
  );
}

function near(cosines: readonly number[] | undefined, wanted: readonly number[]): void {
  assert.is(cosines?.length, wanted.length);
  wanted.forEach((value, at) => {
    assert.ok(Math.abs((cosines?.[at] ?? Number.NaN) - value) < 1e-6, `${cosines} is not ${wanted}`);
  });
}

test("a plane that turns by 30° about one of its axes keeps that axis: cosines 1 and cos 30°, then cos 60°", async () => {
  const turned = (degrees: number) => [between(axis(0), axis(3), (degrees * Math.PI) / 180), axis(1)];
  const bases = await Promise.all([0, 10, 20].map((step) => basisOf(step, turned(3 * step))));
  const cosines = await found({ basis: bases });
  assert.equal([...cosines.keys()], ["10 jacobian 0", "20 jacobian 0", "20 jacobian 10"]);
  near(cosines.get("10 jacobian 0"), [1, Math.cos(Math.PI / 6)]);
  near(cosines.get("20 jacobian 0"), [1, 0.5]);
  near(cosines.get("20 jacobian 10"), [1, Math.cos(Math.PI / 6)]);
});

test("towards the labels: a space that holds one output's labels, and half of the energy of the other's", async () => {
  // y on output 0: examples 0, 1, 3, rows 0, 2, 6; on output 1: example 2, row 5.
  const space = [axis(0, 2, 6), between(axis(5), axis(7), Math.PI / 4)];
  const cosines = await found({ basis: [await basisOf(0, space)], examples: [examples] });
  assert.equal([...cosines.keys()], ["0 label 0", "0 centred_label 0", "0 clean_label 0"]);
  near(cosines.get("0 label 0"), [1, Math.SQRT1_2]);
  // Centred, both parts are ±(1, 1, −3, 1)/√12 on their outputs; of (row 5 + row 7)/√2 that holds (3 − 1)/√24.
  near(cosines.get("0 centred_label 0"), [0.5, 2 / Math.sqrt(24)].sort().reverse());
  // Clean: (rows 0 + 2)/√2 and (rows 5 + 7)/√2, which the space holds whole.
  near(cosines.get("0 clean_label 0"), [1, 2 / Math.sqrt(6)]);
});

test("a class without examples has no part, and labels that are all the same leave nothing centred", async () => {
  const cosines = await found(
    { basis: [await basisOf(0, [axis(1), axis(4)])], examples: [examplesOf([0, 0, 0, 0])] },
    { targets: ["label", "centred_label"] },
  );
  // All labels are 0: the centred ones are 0 and span nothing; the given ones have a part on output 0 alone.
  assert.equal([...cosines.keys()], ["0 label 0"]);
  near(cosines.get("0 label 0"), [1 / Math.sqrt(4)]);
});

test("without examples labels are not compared; examples that lack a row are an error", async () => {
  const bases = [await basisOf(0, [axis(0)]), await basisOf(10, [axis(0)])];
  assert.equal([...(await found({ basis: bases })).keys()], ["10 jacobian 0"]);
  const other = await basisBatch(
    { stage: "svd", step: 0, epoch: 0, split: "train" },
    {
      ...{ exact: true, method: "exact", nextSingularValue: 0, frobeniusSquared: 1 },
      ...{ residualBounds: new Float64Array(1), singularValues: Float64Array.of(1) },
      leftVectors: { rows: 2, columns: 1, values: Float32Array.of(1, 0) },
    },
    Int32Array.of(99),
  );
  const { error } = await runStage(angles, {
    inputs: { basis: [other], examples: [examples] },
    engine: { algebra: inlineAlgebra() } as Engine,
  });
  assert.is((error as JacoflowError).code, "ID_MISSING");
});

test.run();
