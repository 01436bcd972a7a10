import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine, engineNames, explainEngineChoice } from "../../../engine/engines.js";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { startTensorflow, withModel } from "../../support/engine.js";
import { firstRows, golden } from "../../support/golden.js";

const test = suite("the engine and its thread");
let engine: TensorflowEngine;
test.before(async () => {
  engine = await startTensorflow("wasm");
});
test.after(() => engine.close());

async function rejection(promise: Promise<unknown>): Promise<JacoflowError> {
  return promise.then(
    () => assert.unreachable("it should have failed"),
    (error: JacoflowError) => error,
  ) as Promise<JacoflowError>;
}

test("whatever it does, the count of tensors is the same afterwards", async () => {
  const { network, parameters, features, labels } = golden("cnn-pool");
  const few = firstRows(features, 5);
  const before = await engine.tensorCount();
  await withModel(engine, network, parameters, async (model) => {
    const p = model.layout.trainableCount;
    const work = async () => {
      await model.load(parameters);
      await model.forward(few);
      await model.rows(few);
      await model.gram(few);
      await model.sweep(few, { rows: p, columns: 3, values: new Float32Array(3 * p).fill(1) });
      const optimizer = { kind: "adam", beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;
      const training = await model.train({ loss: "squared", optimizer, features, labels });
      for (let step = 0; step < 3; step += 1) await training.step(Int32Array.of(0, 1, 2), 0.01, "batch");
      await training.close();
    };
    await work();
    const warm = await engine.tensorCount();
    await work();
    await work();
    assert.is(await engine.tensorCount(), warm);
  });
  assert.is(await engine.tensorCount(), before);
});

test("work that is stopped between blocks rejects with the signal's reason, leaks nothing and the engine lives on", async () => {
  const { network, parameters, features } = golden("resnet20-plain");
  await withModel(engine, network, parameters, async (model) => {
    const p = model.layout.trainableCount;
    const block = { rows: p, columns: 2, values: new Float32Array(2 * p).fill(1) };
    // The way back keeps its turned kernels for the next time; a first small pass makes them.
    await model.rows(firstRows(features, 1));
    const before = await engine.tensorCount();
    const controller = new AbortController();
    const reason = new Error("enough");
    const seen: number[] = [];
    const promise = model.sweep(features, block, {
      signal: controller.signal,
      onProgress: (done) => {
        seen.push(done);
        controller.abort(reason);
      },
    });
    assert.is(await rejection(promise), reason);
    assert.ok(seen[0] < features.rows);
    await model.forward(firstRows(features, 1));
    assert.is(await engine.tensorCount(), before);
  });
});

test("progress counts examples up to the last", async () => {
  const { network, parameters, features } = golden("mlp-tanh");
  const seen: number[] = [];
  await withModel(engine, network, parameters, (model) =>
    model.rows(features, { onProgress: (done) => seen.push(done) }),
  );
  assert.ok(seen.every((done, at) => at === 0 || done > seen[at - 1]));
  assert.is(seen.at(-1), features.rows);
});

test("the event loop stays free while the engine works", async () => {
  const { network, parameters, features } = golden("cnn-pool");
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const started = performance.now();
  await withModel(engine, network, parameters, async (model) => {
    while (performance.now() - started < 600) await model.gram(features);
  });
  clearInterval(timer);
  // A busy machine may delay a timer; blocking would show as the whole length of a Gram matrix.
  assert.ok(longest < 300, `the loop stood still for ${longest} ms`);
});

test("what does not fit a network is refused with its code, before anything runs", async () => {
  const { network, parameters, features, labels } = golden("mlp-tanh");
  await withModel(engine, network, parameters, async (model) => {
    const wrong = { rows: 1, columns: 3, values: new Float32Array(3) };
    const codes = [
      await rejection(model.load(new Float32Array(2))),
      await rejection(model.forward(wrong)),
      await rejection(model.rows(wrong)),
      await rejection(model.sweep(features, wrong)),
    ].map((error) => error.code);
    assert.equal(codes, new Array(4).fill("WRONG_SIZE"));
    const bad = labels.slice();
    bad[7] = 4;
    const options = { loss: "squared", optimizer: { kind: "sgd" }, features, labels: bad } as const;
    const error = await rejection(model.train(options));
    assert.is(error.code, "LABEL_OUT_OF_RANGE");
    assert.match(error.message, /label 4 of example 7 is outside 0 … 3/);
    assert.is(error.exitCode, 78);
  });
});

test("a network that cannot be is refused when it is opened, with the layer's name", async () => {
  const error = await rejection(
    engine.open({ input: [4, 4, 1], layers: [{ type: "dense", name: "logits", units: 2 }] }),
  );
  assert.is(error.code, "INVALID_LAYER");
  assert.is(error.place, '"logits"');
});

test("features in shared memory and in memory of their own give the same numbers", async () => {
  const { network, parameters, features } = golden("mlp-tanh");
  const own = { ...features, values: new Float32Array(features.values) };
  await withModel(engine, network, parameters, async (model) => {
    assert.equal((await model.forward(own)).values, (await model.forward(features)).values);
  });
});

test("auto is an engine there is, and another name is refused with the nearest", async () => {
  assert.ok(engineNames.includes(explainEngineChoice().name));
  assert.is(explainEngineChoice("cpu").name, "cpu");
  assert.throws(
    () => explainEngineChoice("wsam"),
    (error: JacoflowError) => error.code === "UNKNOWN_ENGINE" && /"wasm"/.test(error.remedy ?? ""),
  );
  const other = await createEngine("auto");
  assert.is(other.name, explainEngineChoice().name);
  await other.close();
  const { network } = golden("mlp-tanh");
  assert.is((await rejection(other.open(network))).code, "ENGINE_CLOSED");
});

test.run();
