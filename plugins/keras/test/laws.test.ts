import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type JacoflowError, readSnapshot } from "jacoflow";
import { checkPlugin, runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { keras } from "../src/stage.js";

const law = suite("laws of stages");

const weights = Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]);

/** A model for the kit's samples: three features, as many outputs as asked for, a soft-max. */
async function withModel(
  units: number,
  use: (trial: { options: { path: string }; folder: string }) => Promise<void>,
) {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-keras-"));
  try {
    const config = {
      name: "head",
      units,
      activation: "softmax",
      use_bias: true,
      batch_input_shape: [null, 3],
    };
    const json = {
      format: "layers-model",
      modelTopology: { class_name: "Sequential", config: { layers: [{ class_name: "Dense", config }] } },
      weightsManifest: [
        {
          paths: ["weights.bin"],
          weights: [
            { name: "head/kernel", shape: [3, units], dtype: "float32" },
            { name: "head/bias", shape: [units], dtype: "float32" },
          ],
        },
      ],
    };
    await writeFile(join(folder, "model.json"), JSON.stringify(json));
    await writeFile(join(folder, "weights.bin"), new Uint8Array(weights.buffer, 0, 16 * units));
    await use({ options: { path: "model.json" }, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

law("the stage keeps every law of stages", () =>
  withModel(2, async (trial) => {
    const results = await checkPlugin(plugin, { trials: { "network/keras": trial } });
    assert.ok(results.length >= 9);
    assert.equal(
      results.filter(({ passed }) => !passed),
      [],
    );
  }),
);

law("a run sends one snapshot with the model's weights, and says that the soft-max is left out", () =>
  withModel(2, async (trial) => {
    const inputs = { examples: [sampleBatches("examples")] };
    const { batches, logs } = await runStage(keras, { ...trial, inputs });
    assert.is(batches.snapshots.length, 1);
    const { step, network, parameters } = readSnapshot(batches.snapshots[0], "keras");
    assert.is(step, 0);
    assert.equal(network, {
      input: [3],
      layers: [{ type: "dense", name: "head", units: 2, useBias: true, activation: "linear" }],
    });
    assert.equal([...parameters], [...weights]);
    assert.match(logs[0].message, 'the soft-max of "head" is left out');
    const options = { ...trial.options, softmax: "refuse" };
    const { error } = await runStage(keras, { ...trial, options, inputs });
    assert.is((error as JacoflowError).code, "KERAS_SOFTMAX");
  }),
);

law("a model of other outputs than there are classes is refused", () =>
  withModel(1, async (trial) => {
    const { error } = await runStage(keras, { ...trial, inputs: { examples: [sampleBatches("examples")] } });
    assert.is((error as JacoflowError).code, "NETWORK_OUTPUTS");
  }),
);

law.run();
