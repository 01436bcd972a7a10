import { suite } from "uvu";
import * as assert from "uvu/assert";
import { expandArchitecture } from "../../../engine/network/architectures.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import { rejection, startTensorflow, withModel } from "../../support/engine.js";
import { firstRows, golden } from "../../support/golden.js";
import { numbersFor } from "../../support/randomNetworks.js";
import { slowness } from "../../support/slowness.js";

const test = suite("what the engine refuses and how it stops");
let engine: TensorflowEngine;
test.before(async () => {
  engine = await startTensorflow("wasm");
});
test.after(() => engine.close());

const sgd = { kind: "sgd" } as const;

test("what does not fit a network is refused with its code, before anything runs", async () => {
  const { network, parameters, features, labels } = golden("mlp-tanh");
  await withModel(engine, network, parameters, async (model) => {
    const p = model.layout.trainableCount;
    const wrong = { rows: 1, columns: 3, values: new Float32Array(3) };
    const none = { rows: 0, columns: features.columns, values: new Float32Array(0) };
    const short = { ...features, values: features.values.subarray(1) };
    const narrow = { rows: p, columns: 0, values: new Float32Array(0) };
    const refused = [
      model.load(new Float32Array(2)),
      ...[wrong, none, short].flatMap((bad) => [
        model.forward(bad),
        model.rows(bad),
        model.rows64(bad),
        model.gram(bad),
        model.train({ loss: "squared", optimizer: sgd, features: bad, labels: new Int32Array(bad.rows) }),
      ]),
      model.sweep(features, wrong),
      model.sweep(features, narrow),
      model.train({ loss: "squared", optimizer: sgd, features, labels: labels.subarray(1) }),
    ];
    for (const [at, promise] of refused.entries()) {
      assert.is((await rejection(promise)).code, "WRONG_SIZE", `call ${at}`);
    }
    const error = await rejection(model.load(new Float32Array(2)));
    assert.match(error.message, new RegExp(`2 long.*${parameters.length}`));
  });
});

test("a label outside the outputs and an index outside the examples are named", async () => {
  const { network, parameters, features, labels } = golden("mlp-tanh");
  await withModel(engine, network, parameters, async (model) => {
    const bad = labels.slice();
    bad[7] = 4;
    const unknown = await rejection(model.train({ loss: "squared", optimizer: sgd, features, labels: bad }));
    assert.is(unknown.code, "LABEL_OUT_OF_RANGE");
    assert.match(unknown.message, /label 4 of example 7 is outside 0 … 3/);
    assert.is(unknown.exitCode, 78);
    const training = await model.train({ loss: "squared", optimizer: sgd, features, labels });
    for (const index of [-1, features.rows]) {
      const outside = await rejection(training.step(Int32Array.of(0, index), 0.1, "moving"));
      assert.is(outside.code, "INDEX_OUT_OF_RANGE");
      assert.match(outside.message, new RegExp(`names example ${index}, there are 0 … ${features.rows - 1}`));
    }
    assert.is((await rejection(training.step(new Int32Array(0), 0.1, "moving"))).code, "WRONG_SIZE");
    assert.equal(await training.parameters(), parameters);
    await training.close();
  });
});

test("a network that cannot be is refused when it is opened, with the layer's name", async () => {
  const shapeless = await rejection(
    engine.open({ input: [4, 4, 1], layers: [{ type: "dense", name: "logits", units: 2 }] }),
  );
  assert.is(shapeless.code, "INVALID_LAYER");
  assert.is(shapeless.place, '"logits"');
  const layer = { type: "dense", name: "shared", units: 4 } as const;
  const twice = await rejection(engine.open({ input: [4], layers: [layer, layer] }));
  assert.is(twice.code, "REPEATED_LAYER_NAME");
  assert.match(twice.message, /layer "shared" is used 2 times/);
});

test("weights that are not numbers give outputs that are not numbers, never finite ones", async () => {
  const { network, parameters, features } = golden("cnn-pool");
  const broken = parameters.slice().fill(Number.NaN);
  await withModel(engine, network, broken, async (model) => {
    const few = firstRows(features, 2);
    assert.ok((await model.forward(few)).values.every(Number.isNaN));
    const block = {
      rows: model.layout.trainableCount,
      columns: 1,
      values: new Float32Array(parameters.length),
    };
    const { squaredRowNorms } = await model.sweep(few, {
      ...block,
      values: block.values.subarray(0, block.rows),
    });
    assert.ok(squaredRowNorms.every(Number.isNaN));
  });
});

test("what is closed says so, and closing twice does nothing", async () => {
  const { network, parameters, features, labels } = golden("mlp-tanh");
  const model = await engine.open(network);
  await model.load(parameters);
  const training = await model.train({ loss: "squared", optimizer: sgd, features, labels });
  await model.close();
  await model.close();
  // A training has parameters of its own.
  await training.step(Int32Array.of(0), 0.1, "moving");
  await training.close();
  await training.close();
  const [ofModel, ofTraining] = [
    await rejection(model.forward(features)),
    await rejection(training.step(Int32Array.of(0), 0.1, "moving")),
  ];
  assert.is(ofModel.code, "CLOSED");
  assert.match(ofModel.message, /the model is closed/);
  assert.is(ofTraining.code, "CLOSED");
  assert.match(ofTraining.message, /the training is closed/);

  const other = await startTensorflow("wasm");
  const left = await other.open(network);
  const unfinished = rejection(left.gram(features));
  await other.close();
  assert.is((await unfinished).code, "ENGINE_CLOSED");
  assert.is((await rejection(left.forward(features))).code, "ENGINE_CLOSED");
  assert.is((await rejection(other.open(network))).code, "ENGINE_CLOSED");
});

/** A network whose calls take seconds, with blocks that take a good part of one. */
const network = expandArchitecture("mlp", { input: [784], outputs: 3, hidden: [512, 256] });
const { parameters, features: values } = numbersFor(network, 1500, "long");
const features = { rows: 1500, columns: 784, values };
const labels = new Int32Array(1500);
const p = parameterLayout(network).trainableCount;

for (const kind of ["sweep", "gram", "rows64", "step"] as const) {
  test(`a long ${kind} that is stopped soon rejects with the signal's reason, leaks nothing and the engine lives on`, async () => {
    await withModel(engine, network, parameters, async (model) => {
      const training = await model.train({ loss: "squared", optimizer: sgd, features, labels });
      const indices = Int32Array.from({ length: 120_000 }, (_, index) => index % features.rows);
      const block = { rows: p, columns: 100, values: new Float32Array(100 * p).fill(0.01) };
      const before = await engine.tensorCount();
      const controller = new AbortController();
      const { signal } = controller;
      const work = {
        sweep: () => model.sweep(features, block, { signal }),
        gram: () => model.gram(features, { signal }),
        rows64: () => model.rows64(firstRows(features, 100), { signal }),
        step: () => training.step(indices, 0.1, "moving", { signal }),
      }[kind];
      const slow = slowness();
      const promise = rejection(work());
      const reason = new Error("enough");
      let stopped = 0;
      setTimeout(() => {
        stopped = performance.now();
        controller.abort(reason);
      }, 150);
      assert.is(await promise, reason);
      const waited = performance.now() - stopped;
      const allowed = 2000 * Math.max(slow, slowness());
      assert.ok(stopped > 0 && waited < allowed, `it went on for ${waited} ms, ${allowed} ms are allowed`);
      assert.is(await engine.tensorCount(), before);
      assert.equal(await training.parameters(), parameters);
      await training.close();
      assert.is((await model.forward(firstRows(features, 1))).rows, 1);
    });
  });
}

test("a call whose signal is already aborted does nothing", async () => {
  const { network, parameters, features } = golden("mlp-tanh");
  await withModel(engine, network, parameters, async (model) => {
    const reason = new Error("never");
    const signal = AbortSignal.abort(reason);
    assert.is(await rejection(model.rows(features, { signal })), reason);
  });
});

test.run();
