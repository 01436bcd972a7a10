import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Loss, Optimizer } from "../../../engine/engine.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Network } from "../../../engine/network/network.js";
import { randomSource } from "../../../engine/random.js";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import { backendsHere, startTensorflow, withModel } from "../../support/engine.js";
import { type GoldenName, golden, goldenTraining } from "../../support/golden.js";
import { numbersFor } from "../../support/randomNetworks.js";

for (const backend of backendsHere()) {
  const test = suite(`training on ${backend}`);
  let engine: TensorflowEngine;
  test.before(async () => {
    engine = await startTensorflow(backend);
  });
  test.after(() => engine.close());

  const optimizers: Record<string, Optimizer> = {
    gd: { kind: "gd" },
    momentum: { kind: "momentum", momentum: 0.9 },
    adam: { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  };

  const distanceBetween = (left: Float32Array, right: Float32Array) =>
    Math.sqrt(left.reduce((sum, value, at) => sum + (value - right[at]) ** 2, 0));

  /** Follows a golden run, or its first rows: losses to 1e-4, ‖w − w₀‖ to 1e-3. */
  async function checkRun(name: GoldenName, key: string, rows?: number): Promise<void> {
    const { network, parameters, features, labels } = golden(name);
    const [loss, optimizer] = key.split("/");
    const run = goldenTraining(name)[key];
    const all = Int32Array.from({ length: features.rows }, (_, index) => index);
    await withModel(engine, network, parameters, async (model) => {
      const training = await model.train({
        loss: loss as Loss,
        optimizer: optimizers[optimizer],
        features,
        labels,
      });
      for (const row of run.rows.slice(0, rows)) {
        const distance = distanceBetween(await training.parameters(), parameters);
        const found = await training.step(all, run.learningRate, "moving");
        assert.ok(Math.abs(found / row.loss - 1) < 1e-4, `step ${row.step}: loss ${found}, not ${row.loss}`);
        assert.ok(Math.abs(distance - row.distance) <= 1e-3 * row.distance, `step ${row.step}: ${distance}`);
      }
      await training.close();
    });
  }

  for (const name of ["one-hidden-softplus", "mlp-tanh", "cnn-pool"] as const) {
    test(`twelve steps of ${name} follow PyTorch in float64 under every loss and optimiser`, async () => {
      for (const key of Object.keys(goldenTraining(name))) await checkRun(name, key);
    });
  }

  test("twelve steps of resnet20-plain follow PyTorch in float64", async () => {
    await checkRun("resnet20-plain", "squared/momentum");
  });

  test("the first steps of resnet20-plain follow PyTorch under every loss and optimiser", async () => {
    for (const key of Object.keys(goldenTraining("resnet20-plain"))) {
      if (key !== "squared/momentum") await checkRun("resnet20-plain", key, 3);
    }
  });

  test("a second training of a model starts from the model's parameters again", async () => {
    const { network, parameters, features, labels } = golden("mlp-tanh");
    const options = { loss: "squared", optimizer: { kind: "sgd" }, features, labels } as const;
    const indices = Int32Array.of(3, 1, 4, 1, 5);
    await withModel(engine, network, parameters, async (model) => {
      const losses: number[] = [];
      for (let run = 0; run < 2; run += 1) {
        const training = await model.train(options);
        losses.push(
          await training.step(indices, 0.01, "moving"),
          await training.step(indices, 0.01, "moving"),
        );
        await training.close();
      }
      assert.is(losses[0], losses[2]);
      assert.is(losses[1], losses[3]);
      assert.ok(losses[1] < losses[0]);
    });
  });

  const normalized: Network = {
    input: [4],
    layers: [
      { type: "dense", name: "first", units: 3 },
      { type: "batchNormalization", name: "norm", epsilon: 0.01, momentum: 0.8 },
      { type: "activation", activation: "tanh" },
      { type: "dense", name: "logits", units: 2 },
    ],
  };

  /** The squared loss of `normalized` at its batch's own statistics, in float64, written out by hand. */
  function batchLoss(parameters: ArrayLike<number>, features: Float32Array, labels: Int32Array) {
    const layout = parameterLayout(normalized);
    const at = (name: string) => layout.tensors.find((slot) => slot.name === name)?.offset ?? 0;
    const n = labels.length;
    const hidden = Array.from({ length: n }, (_, i) =>
      [0, 1, 2].map((unit) => {
        let sum = parameters[at("first/bias") + unit];
        for (let d = 0; d < 4; d += 1)
          sum += features[i * 4 + d] * parameters[at("first/kernel") + d * 3 + unit];
        return sum;
      }),
    );
    const mean = [0, 1, 2].map((unit) => hidden.reduce((sum, row) => sum + row[unit], 0) / n);
    const variance = [0, 1, 2].map(
      (unit) => hidden.reduce((sum, row) => sum + (row[unit] - mean[unit]) ** 2, 0) / n,
    );
    let loss = 0;
    hidden.forEach((row, i) => {
      const bent = row.map((value, unit) => {
        const hat = (value - mean[unit]) / Math.sqrt(variance[unit] + 0.01);
        return Math.tanh(parameters[at("norm/gamma") + unit] * hat + parameters[at("norm/beta") + unit]);
      });
      for (let k = 0; k < 2; k += 1) {
        let output = parameters[at("logits/bias") + k];
        for (let unit = 0; unit < 3; unit += 1)
          output += bent[unit] * parameters[at("logits/kernel") + unit * 2 + k];
        loss += (output - (labels[i] === k ? 1 : 0)) ** 2 / 2 / n;
      }
    });
    return { loss, mean, variance };
  }

  test("a step at the batch's statistics follows central differences of the formula and moves the moving statistics", async () => {
    const n = 7;
    const { parameters, features } = numbersFor(normalized, n, "normalised");
    const { integer } = randomSource("labels");
    const labels = Int32Array.from({ length: n }, () => integer(2));
    const layout = parameterLayout(normalized);
    const { loss, mean, variance } = batchLoss(parameters, features, labels);

    await withModel(engine, normalized, parameters, async (model) => {
      const matrix = { rows: n, columns: 4, values: features };
      const training = await model.train({
        loss: "squared",
        optimizer: { kind: "gd" },
        features: matrix,
        labels,
      });
      const found = await training.step(
        Int32Array.from({ length: n }, (_, i) => i),
        1,
        "batch",
      );
      const after = await training.parameters();
      await training.close();
      assert.ok(Math.abs(found - loss) < 1e-6 * loss);

      const moved = Float64Array.from(parameters);
      for (let column = 0; column < layout.trainableCount; column += 1) {
        moved[column] = parameters[column] + 1e-5;
        const above = batchLoss(moved, features, labels).loss;
        moved[column] = parameters[column] - 1e-5;
        const below = batchLoss(moved, features, labels).loss;
        moved[column] = parameters[column];
        const slope = (above - below) / 2e-5;
        const taken = parameters[column] - after[column];
        assert.ok(Math.abs(taken - slope) < 2e-6, `column ${column}: ${taken}, not ${slope}`);
      }
      const batch: Record<string, number[]> = { "norm/movingMean": mean, "norm/movingVariance": variance };
      for (const slot of layout.tensors) {
        batch[slot.name]?.forEach((value, channel) => {
          const wanted = 0.8 * parameters[slot.offset + channel] + 0.2 * value;
          assert.ok(Math.abs(after[slot.offset + channel] - wanted) < 1e-6, slot.name);
        });
      }
    });
  });

  test("frozen statistics do not move, and layers that are not trainable stay as they are", async () => {
    const network: Network = {
      ...normalized,
      layers: normalized.layers.map((layer) =>
        layer.type === "dense" && layer.name === "first" ? { ...layer, trainable: false } : layer,
      ),
    };
    const { parameters, features } = numbersFor(network, 6, "frozen");
    const layout = parameterLayout(network);
    await withModel(engine, network, parameters, async (model) => {
      const matrix = { rows: 6, columns: 4, values: features };
      const labels = new Int32Array(6);
      const training = await model.train({
        loss: "cross-entropy",
        optimizer: optimizers.adam,
        features: matrix,
        labels,
      });
      await training.step(Int32Array.of(0, 1, 2), 0.1, "moving");
      const after = await training.parameters();
      await training.close();
      assert.equal(after.subarray(layout.trainableCount), parameters.subarray(layout.trainableCount));
      assert.ok(distanceBetween(after, parameters) > 0.01);
    });
  });

  test.run();
}
