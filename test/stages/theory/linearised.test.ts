import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { lossMetadata } from "../../../schemas/loss.js";
import { linearised as table } from "../../../schemas/tables/theory.js";
import { linearised } from "../../../stages/theory/linearised.js";
import { runStage, sentBy } from "../../support/stage.js";
import { d, distancesOf, examples, jacobianBasis, K, learningRate, predictionsOf } from "./linearNetwork.js";

const test = suite("stages/theory/linearised");

const steps = [0, 1, 5, 40];
const trial = async (rank: number, options: object = {}) => ({
  options: { learningRate, ...options },
  inputs: {
    examples: [examples],
    basis: [await jacobianBasis(rank)],
    predictions: steps.map((step) => predictionsOf(step)),
    metrics: steps.map(distancesOf),
  },
  engine: { algebra: inlineAlgebra() } as Engine,
});

test("of a linear network prediction and measurement are the same, in every space and on the way of the parameters", async () => {
  const { linearised: batches } = await sentBy(linearised, await trial(d * K, { rank: 3 }));
  assert.equal(
    batches.map((batch) => Number(table.read(batch).step[0])),
    steps,
  );
  for (const batch of batches) {
    const row = table.read(batch);
    assert.is(row.rank[0], 3);
    for (const [measured, predicted] of [
      [row.information_measured, row.information_predicted],
      [row.nuisance_measured, row.nuisance_predicted],
      [row.distance_measured, row.distance_predicted],
    ]) {
      assert.ok(Math.abs(measured[0] - predicted[0]) < 2e-6, `${measured[0]} ${predicted[0]}`);
    }
  }
});

test("with vectors left out, the predicted nuisance is above and the predicted way below what is measured", async () => {
  const { linearised: batches } = await sentBy(linearised, await trial(3));
  const last = table.read(batches[3]);
  assert.ok(last.nuisance_predicted[0] > last.nuisance_measured[0] + 1e-3);
  assert.ok(last.distance_predicted[0] < last.distance_measured[0] - 1e-3);
  assert.ok(Math.abs(last.information_predicted[0] - last.information_measured[0]) < 2e-6);
});

test("too large a step is warned of; no prediction at the start, another loss and no Jacobian are errors", async () => {
  const given = await trial(d * K);
  const { logs } = await runStage(linearised, { ...given, options: { learningRate: 50 } });
  assert.match(logs[0].message, "ησ₁²");
  const code = async (inputs: object) => {
    const { error } = await runStage(linearised, { ...given, inputs: { ...given.inputs, ...inputs } });
    return (error as JacoflowError).code;
  };
  assert.is(await code({ predictions: [predictionsOf(5)] }), "NO_PREDICTION_AT_START");
  assert.is(await code({ predictions: [predictionsOf(0, "cross-entropy")] }), "LINEARISED_LOSS");
  assert.is(await code({ basis: [] }), "NO_TRAIN_JACOBIAN");
  assert.equal(lossMetadata("squared"), { loss: "squared" });
});

test.run();
