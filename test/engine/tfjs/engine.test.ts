import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine, engineNames, explainEngineChoice } from "../../../engine/engines.js";
import type { TensorflowEngine } from "../../../engine/tfjs/engine.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { rejection, startTensorflow, withModel } from "../../support/engine.js";
import { assertStaysFree } from "../../support/eventLoop.js";
import { golden } from "../../support/golden.js";

const test = suite("the engine and its thread");
let engine: TensorflowEngine;
test.before(async () => {
  engine = await startTensorflow("wasm");
});
test.after(() => engine.close());

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
  await withModel(engine, network, parameters, async (model) => {
    await model.gram(features);
    // Blocking would show as the whole length of a Gram matrix.
    await assertStaysFree(100, async () => {
      const started = performance.now();
      while (performance.now() - started < 500) await model.gram(features);
    });
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
