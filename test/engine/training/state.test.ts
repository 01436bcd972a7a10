import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine, Optimizer, Training } from "../../../engine/engine.js";
import { createNativeEngine } from "../../../engine/native/engine.js";
import type { Network } from "../../../engine/network/network.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { backendsHere, rejection, startTensorflow } from "../../support/engine.js";
import { numbersFor } from "../../support/randomNetworks.js";

const network: Network = {
  input: [6, 5, 2],
  layers: [
    { type: "conv2d", name: "first", filters: 5, kernelSize: 3, padding: "same", useBias: false },
    { type: "batchNormalization", name: "norm", momentum: 0.8 },
    { type: "activation", activation: "relu" },
    { type: "flatten" },
    { type: "dense", name: "frozen", units: 7, activation: "tanh", trainable: false },
    { type: "dense", name: "head", units: 3 },
  ],
};
const examples = 24;
const optimizers: readonly Optimizer[] = [
  { kind: "sgd" },
  { kind: "momentum", momentum: 0.9 },
  { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
];
const engines: readonly (readonly [string, () => Promise<Engine>])[] = [
  ["native", () => createNativeEngine({ threads: 2 })],
  ...backendsHere().map((backend) => [backend, () => startTensorflow(backend)] as const),
];

for (const [name, start] of engines) {
  const law = suite(`the state of a training on ${name}`);
  let engine: Engine;
  law.before(async () => {
    engine = await start();
  });
  law.after(() => engine.close());

  /** A training from parameters of their own seed. */
  async function opened(optimizer: Optimizer, seed: string): Promise<Training> {
    const { parameters, features } = numbersFor(network, examples, seed);
    const { features: data } = numbersFor(network, examples, "data");
    assert.is(features.length, data.length);
    const model = await engine.open(network);
    await model.load(parameters);
    return model.train({
      ...{ loss: "cross-entropy" as const, optimizer },
      features: { rows: examples, columns: 60, values: data },
      labels: Int32Array.from({ length: examples }, (_, index) => index % 3),
    });
  }

  const steps = async (training: Training, from: number, to: number) => {
    const losses: number[] = [];
    for (let step = from; step < to; step += 1) {
      const batch = Int32Array.from({ length: 8 }, (_, index) => (5 * step + 3 * index) % examples);
      losses.push(await training.step(batch, 0.01, "batch"));
    }
    return losses;
  };

  for (const optimizer of optimizers) {
    law(`the steps after it have the same bits in another training under ${optimizer.kind}`, async () => {
      const first = await opened(optimizer, "one");
      await steps(first, 0, 3);
      const state = await first.state();
      assert.is(state.steps, 3);
      const wanted = { losses: await steps(first, 3, 6), state: await first.state() };
      const other = await opened(optimizer, "two");
      await steps(other, 0, 1);
      await other.restore(state);
      assert.equal(await other.state(), state);
      const found = { losses: await steps(other, 3, 6), state: await other.state() };
      assert.equal(found, wanted);
      assert.equal(await other.parameters(), wanted.state.parameters);
      await Promise.all([first.close(), other.close()]);
    });
  }

  law("one of another network or optimiser is refused", async () => {
    const training = await opened(optimizers[1], "one");
    const state = await training.state();
    for (const wrong of [
      { ...state, moments: [] },
      { ...state, parameters: state.parameters.subarray(1) },
      { ...state, steps: -1 },
    ]) {
      const error = await rejection(training.restore(wrong));
      assert.instance(error, JacoflowError);
      assert.is(error.code, "WRONG_SIZE");
    }
    await training.close();
  });

  law.run();
}
