import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Examples } from "../../../stages/examples.js";
import { evaluate, parameterDistance, predictedClasses } from "../../../stages/train/evaluation.js";
import { golden, goldenTraining } from "../../support/golden.js";

const test = suite("stages/train/evaluation");

function matrix(rows: readonly (readonly number[])[]) {
  return { rows: rows.length, columns: rows[0].length, values: Float32Array.from(rows.flat()) };
}

function examples(labels: readonly number[], clean: readonly number[] = labels): Examples {
  const n = labels.length;
  return {
    split: "train",
    ids: Int32Array.from(labels.keys()),
    features: { rows: n, columns: 1, values: new Float32Array(n) },
    labels: Int32Array.from(labels),
    cleanLabels: Int32Array.from(clean),
  };
}

test("squared loss is the mean of half the squared distance to the one-hot label", () => {
  const { loss, error, cleanError } = evaluate(
    "squared",
    matrix([
      [1, 0.5],
      [0.25, 0],
    ]),
    examples([0, 1], [0, 0]),
  );
  assert.is(loss, (0.25 + (0.0625 + 1)) / 4);
  assert.is(error, 0.5);
  assert.is(cleanError, 0);
});

test("cross-entropy is the mean of −log softmax of the label, without overflow", () => {
  const { loss } = evaluate(
    "cross-entropy",
    matrix([
      [0, 0],
      [1000, 0],
    ]),
    examples([0, 1]),
  );
  assert.ok(Math.abs(loss - (Math.log(2) + 1000) / 2) < 1e-9);
});

test("the class of equal outputs is the first; a row with NaN has none and is wrong", () => {
  assert.equal(
    [
      ...predictedClasses(
        matrix([
          [2, 2, 1],
          [0, Number.NaN, 1],
          [-3, -2, -2],
          [Number.NaN, 0, 0],
        ]),
      ),
    ],
    [0, -1, 1, -1],
  );
  assert.is(evaluate("squared", matrix([[Number.NaN, 0]]), examples([0])).error, 1);
  assert.is(Number.isNaN(evaluate("squared", matrix([[Number.NaN, 0]]), examples([0])).loss), true);
});

test("agrees with the golden losses and errors of the logits before any step", () => {
  for (const name of ["mlp-tanh", "cnn-pool", "one-hidden-softplus", "resnet20-plain"] as const) {
    const { expected, labels } = golden(name);
    const outputs = matrix(expected.logits);
    for (const [run, { rows }] of Object.entries(goldenTraining(name))) {
      const loss = run.startsWith("squared") ? "squared" : "cross-entropy";
      const found = evaluate(loss, outputs, examples([...labels]));
      assert.ok(Math.abs(found.loss / rows[0].loss - 1) < 1e-6, `${name} ${run}`);
      assert.ok(Math.abs(found.error - rows[0].error) < 1e-12, `${name} ${run}`);
    }
  }
});

test("the distance is Euclidean, over the first parameters alone, and 0 from itself", () => {
  const start = Float32Array.of(1, 2, 3, 9);
  const now = Float32Array.of(4, 2, 7, 0);
  assert.is(parameterDistance(now, start, 3), 5);
  assert.is(parameterDistance(start, start, 4), 0);
  const large = new Float32Array(1000).fill(1e8);
  assert.is(
    parameterDistance(
      large.map((value) => value + 64),
      large,
      1000,
    ),
    64 * Math.sqrt(1000),
  );
});

test.run();
