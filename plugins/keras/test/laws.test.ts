import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type JacoflowError, readSnapshot } from "jacoflow";
import { checkPlugin, runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { keras } from "../src/stage.js";

const law = suite("laws of stages");

/** Where the paths among the examples start. */
const folder = dirname(dirname(fileURLToPath(import.meta.url)));

law("the stage keeps every law of stages, by the examples of its options", async () => {
  const results = await checkPlugin(plugin, { folder });
  assert.ok(results.length >= 10);
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
});

const trial = { options: { path: "examples/small/model.json" }, folder };
const inputs = { examples: [sampleBatches("examples")] };

law("a run sends one snapshot with the model's weights, and says that the soft-max is left out", async () => {
  const { batches, logs } = await runStage(keras, { ...trial, inputs });
  assert.is(batches.snapshots.length, 1);
  const { step, network, parameters } = readSnapshot(batches.snapshots[0], "keras");
  assert.is(step, 0);
  assert.equal(network, {
    input: [3],
    layers: [{ type: "dense", name: "head", units: 2, useBias: true, activation: "linear" }],
  });
  assert.equal([...parameters], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.match(logs[0].message, 'the soft-max of "head" is left out');
  const options = { ...trial.options, softmax: "refuse" };
  const { error } = await runStage(keras, { ...trial, options, inputs });
  assert.is((error as JacoflowError).code, "KERAS_SOFTMAX");
});

law("a model of other inputs than the examples have is refused", async () => {
  const options = { path: "examples/nested/model.json" };
  const { error } = await runStage(keras, { ...trial, options, inputs });
  assert.is((error as JacoflowError).code, "NETWORK_INPUT");
});

law.run();
