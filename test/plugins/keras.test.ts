import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { referenceModel } from "../../engine/network/reference/reference.js";
import { readKeras } from "../../plugins/keras/src/read.js";

const law = suite("Keras models");

const plugin = join(dirname(fileURLToPath(import.meta.url)), "../../plugins/keras");

/** What TensorFlow.js computed for 4 examples, logits before the soft-max and predictions after it (make-models.mjs). */
const expected = JSON.parse(readFileSync(join(plugin, "test/predictions.json"), "utf8")) as Readonly<
  Record<string, { readonly logits: readonly number[]; readonly predictions: readonly number[] }>
>;
const features = 28 * 28;
const examples = Array.from({ length: 4 }, (_, row) =>
  Float32Array.from({ length: features }, (_, column) => {
    const at = row * features + column;
    return Math.sin(0.7 * at + 0.1 * column);
  }),
);

for (const [name, { logits }] of Object.entries(expected)) {
  law(`the network of ${name} gives what the model gives in TensorFlow.js`, async () => {
    const { network, parameters } = await readKeras(join(plugin, "examples", name, "model.json"));
    const model = referenceModel(network);
    model.load(parameters);
    const found = examples.flatMap((example) => [...model.forward(example)]);
    assert.is(found.length, logits.length);
    const largest = Math.max(...logits.map(Math.abs));
    found.forEach((value, at) => {
      assert.ok(Math.abs(value - logits[at]) < 3e-6 * largest, `${at}: ${value}, not ${logits[at]}`);
    });
  });
}

law.run();
