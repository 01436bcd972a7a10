import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { lossMetadata, type TrainingLoss } from "../../../schemas/loss.js";
import { examplesTable, predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { linearised as table } from "../../../schemas/tables/theory.js";
import { basisBatch } from "../../../stages/jacobian/batches.js";
import { linearised } from "../../../stages/theory/linearised.js";
import { runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/theory/linearised");

const [n, d, K] = [6, 4, 2];
const learningRate = 0.4;
const random = randomSource("linear network");
const x = Array.from({ length: n }, () => Array.from({ length: d }, () => random.normal()));
const labels = Int32Array.from({ length: n }, (_, i) => i % K);
const split = (rows: number) => Array.from({ length: rows }, () => "train" as const);
const examples = examplesTable([d], { classes: ["a", "b"] }).batch(
  {
    id: Int32Array.from({ length: n }, (_, i) => i),
    split: split(n),
    features: Float32Array.from(x.flat()),
    label: labels,
    clean_label: labels,
  },
  n,
);

/** Gradient descent on f(x) = x W, W (d × K) from 0: outputs (n × K) and ‖W‖ at every step up to `steps`. */
function descend(steps: number) {
  const W = new Float64Array(d * K);
  return Array.from({ length: steps + 1 }, () => {
    const outputs = Float64Array.from({ length: n * K }, (_, at) =>
      x[Math.floor(at / K)].reduce((sum, value, axis) => sum + value * W[axis * K + (at % K)], 0),
    );
    const distance = Math.hypot(...W);
    for (let axis = 0; axis < d; axis += 1) {
      for (let k = 0; k < K; k += 1) {
        let gradient = 0;
        for (let i = 0; i < n; i += 1)
          gradient += x[i][axis] * (outputs[i * K + k] - (labels[i] === k ? 1 : 0));
        W[axis * K + k] -= (learningRate / n) * gradient;
      }
    }
    return { outputs, distance };
  });
}

/** The basis of J = X ⊗ I_K with `rank` of its dK vectors. */
async function jacobianBasis(rank: number) {
  const gram = new Float64Array((n * K) ** 2);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const product = x[i].reduce((sum, value, axis) => sum + value * x[j][axis], 0);
      for (let k = 0; k < K; k += 1) gram[(i * K + k) * n * K + j * K + k] = product;
    }
  }
  const { values, vectors } = await inlineAlgebra().symmetricEigen(
    { rows: n * K, columns: n * K, values: gram },
    rank,
  );
  const found = {
    ...{ exact: true, method: "exact", nextSingularValue: 0, residualBounds: new Float64Array(rank) },
    singularValues: values.map(Math.sqrt),
    leftVectors: { ...vectors, values: Float32Array.from(vectors.values) },
    frobeniusSquared: x.flat().reduce((sum, value) => sum + value * value, 0) * K,
  };
  return basisBatch(
    { stage: "svd", step: 0, epoch: 0, split: "train" },
    found,
    Int32Array.from({ length: n }, (_, i) => i),
  );
}

const run = descend(40);
const predictionsOf = (step: number, loss: TrainingLoss = "squared") =>
  predictionsTable(K, loss).batch(
    {
      ...{ stage: "train", step, epoch: step, split: "train" as const },
      id: Int32Array.from({ length: n }, (_, i) => i),
      values: Float32Array.from(run[step].outputs),
    },
    n,
  );
const distancesOf = (step: number) =>
  metrics.batch(
    {
      stage: "train",
      step,
      epoch: step,
      split: "train" as const,
      name: ["parameter_distance"],
      value: Float64Array.of(run[step].distance),
    },
    1,
  );
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
