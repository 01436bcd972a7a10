import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { bound as table } from "../../../schemas/tables/bound.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { bounds } from "../../../stages/theory/bounds.js";
import { multiclassNtk } from "../../../stages/theory/multiclass-ntk.js";
import { runStage, sentBy } from "../../support/stage.js";
import { d, examples, jacobianBasis, K, learningRate, n, predictionsOf, run } from "./linearNetwork.js";

const test = suite("stages/theory/bounds");

const steps = [0, 1, 5, 40];
const errorAt = (step: number) => 1 / (2 + step);
const errors = steps.map((step) =>
  metrics.batch(
    {
      ...{ stage: "train", step, epoch: step / 2, split: ["train", "test"] as const },
      ...{ name: "error", value: [0, errorAt(step)] },
    },
    2,
  ),
);
const trial = async (options: object = {}) => ({
  options: { learningRate, gamma: [1, 3], ...options },
  inputs: {
    examples: [examples],
    basis: [[await jacobianBasis(d * K)]],
    predictions: steps.map((step) => predictionsOf(step)),
    metrics: errors,
  },
  engine: { algebra: inlineAlgebra() } as Engine,
});

test("of a linear network the bounds stand above the run itself, and the test error at T beside them", async () => {
  const { bound } = await sentBy(bounds, await trial());
  const [label, residual] = bound.map((batch) => table.read(batch));
  assert.equal([label.target[0], residual.target[0]], ["label", "residual"]);
  // The network begins at 0, so r_0 = −y.
  assert.equal(label.bias, residual.bias);
  for (let row = 0; row < residual.length; row += 1) {
    const T = Number(residual.steps[row]);
    if (T > 40) {
      assert.ok(Number.isNaN(residual.measured_error[row]));
      continue;
    }
    const { outputs, distance } = run[T];
    const norm = Math.hypot(
      ...outputs.map((value, at) => value - (Math.floor(at / K) % K === at % K ? 1 : 0)),
    );
    assert.ok(norm <= residual.residual_bound[row] * (1 + 1e-6));
    assert.ok(Math.abs(norm - residual.residual_predicted[row]) < 1e-5);
    assert.ok(distance <= residual.distance_bound[row] * (1 + 1e-6));
    const nearest = steps.reduce((best, step) => (Math.abs(step - T) < Math.abs(best - T) ? step : best));
    assert.is(residual.measured_error[row], errorAt(nearest));
    assert.is(residual.measured_epoch[row], nearest / 2);
  }
  const least = Math.min(...residual.bound);
  residual.minimum.forEach((minimum, row) => {
    assert.is(minimum, residual.bound[row] === least);
  });
});

test("a kernel is told from a Jacobian: ν² changes nothing of the theorems, and all its vectors give the whole space", async () => {
  const given = await trial();
  const rows = async (variance: number, rank: number) => {
    const { basis } = await sentBy(multiclassNtk, {
      options: { rank, variance },
      inputs: { examples: [examples] },
      engine: given.engine,
    });
    const { bound } = await sentBy(bounds, {
      options: { gamma: [2] },
      inputs: { examples: [examples], basis: [basis] },
      engine: given.engine,
    });
    return table.read(bound[0]);
  };
  const [one, other, short] = [await rows(1, n * K), await rows(0.3, n * K), await rows(1, K)];
  assert.ok(one.length >= 2 && one.length === other.length);
  for (const column of ["alpha", "bias", "variance", "bound", "whole_space"] as const) {
    one[column].forEach((value, row) => {
      assert.ok(Math.abs(value - other[column][row]) < 1e-6 * Math.abs(value), column);
    });
  }
  assert.ok(one.whole_space[0] > 0);
  assert.ok(Number.isNaN(short.whole_space[0]));
  // Without a learning rate η is 1/σ_1², and no step of a training is T.
  assert.ok(Math.abs(one.stability[0] - 1) < 1e-12);
  assert.ok(one.measured_error.every(Number.isNaN));
});

test("several bases are evaluated one after the other; what lacks is an error with its code", async () => {
  const given = await trial();
  const two = { ...given.inputs, basis: [given.inputs.basis[0], given.inputs.basis[0]] };
  const { bound } = await sentBy(bounds, { ...given, inputs: two });
  assert.is(bound.length, 4);
  const code = async (inputs: object, options = given.options) => {
    const { error } = await runStage(bounds, { ...given, options, inputs: { ...given.inputs, ...inputs } });
    return (error as JacoflowError | undefined)?.code;
  };
  assert.is(await code({ predictions: [predictionsOf(5)] }), "NO_PREDICTION_AT_START");
  assert.is(await code({ predictions: [predictionsOf(0, "cross-entropy")] }), "LINEARISED_LOSS");
  assert.is(await code({ basis: [[]] }), "NO_TRAIN_JACOBIAN");
  const { logs } = await runStage(bounds, { ...given, options: { learningRate: 50 } });
  assert.ok(logs.some(({ message }) => message.includes("ησ₁²")));
});

test.run();
