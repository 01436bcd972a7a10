// Writes the models of examples/ and what TensorFlow.js predicts with them, the oracle of the tests. Not part of the tests:
// npm install --no-save @tensorflow/tfjs-layers@4.22.0 && node plugins/keras/test/make-models.mjs
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "../examples");
const { layers } = tfl;
const inputShape = [28, 28, 1];
const classes = 3;

/** One layer of each kind, one after the other. */
function everyLayer() {
  return tfl.sequential({
    layers: [
      layers.conv2d({
        inputShape,
        filters: 4,
        kernelSize: 3,
        padding: "same",
        activation: "relu",
        name: "edges",
      }),
      layers.batchNormalization({ name: "norm", epsilon: 1e-2, momentum: 0.9 }),
      layers.zeroPadding2d({ padding: 1, name: "pad" }),
      layers.conv2d({ filters: 6, kernelSize: [3, 2], strides: 2, useBias: false, name: "corners" }),
      layers.activation({ activation: "tanh", name: "bend" }),
      layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same", name: "peaks" }),
      layers.averagePooling2d({ poolSize: 2, padding: "same", name: "means" }),
      layers.dropout({ rate: 0.5, name: "forget" }),
      layers.flatten({ name: "flat" }),
      layers.dense({ units: 9, activation: "softplus", name: "soft", trainable: false }),
      layers.dense({ units: 8, activation: "sigmoid", name: "squash" }),
      layers.dense({ units: 7, name: "plain" }),
      layers.reLU({ name: "rectify" }),
      layers.dense({ units: classes, activation: "softmax", name: "classes" }),
    ],
  });
}

/** Branches that meet: an identity, one with a convolution, one within another. */
function branches() {
  const input = tfl.input({ shape: inputShape, name: "image" });
  const conv = (filters, strides, name, kernelSize = 3) =>
    layers.conv2d({ filters, kernelSize, strides, padding: "same", name });
  let x = conv(4, 2, "stem").apply(input);
  x = layers.batchNormalization({ name: "stem_norm" }).apply(x);
  x = layers.activation({ activation: "relu", name: "stem_relu" }).apply(x);
  const block = (from, filters, strides, name, shortcut) => {
    let main = conv(filters, strides, `${name}_1`).apply(from);
    main = layers.batchNormalization({ name: `${name}_norm` }).apply(main);
    main = layers.activation({ activation: "relu", name: `${name}_relu` }).apply(main);
    main = conv(filters, 1, `${name}_2`).apply(main);
    return layers
      .add({ name: `${name}_add` })
      .apply(shortcut === undefined ? [from, main] : [main, shortcut]);
  };
  x = block(x, 4, 1, "same");
  x = layers.activation({ activation: "relu", name: "same_out" }).apply(x);
  const outer = block(x, 6, 2, "down", conv(6, 2, "down_shortcut", 1).apply(x));
  const inner = block(
    layers.activation({ activation: "relu", name: "outer_relu" }).apply(outer),
    6,
    1,
    "inner",
  );
  x = layers.add({ name: "outer_add" }).apply([outer, inner]);
  x = layers.globalAveragePooling2d({ name: "average" }).apply(x);
  x = layers.dense({ units: classes, name: "logits" }).apply(x);
  return tfl.model({ inputs: input, outputs: layers.softmax({ name: "softmax" }).apply(x) });
}

/** Models within a model. */
function nested() {
  const body = tfl.sequential({
    name: "body",
    layers: [
      layers.flatten({ inputShape, name: "flat" }),
      layers.dense({ units: 6, activation: "relu", name: "hidden" }),
    ],
  });
  return tfl.sequential({ layers: [body, layers.dense({ units: classes, name: "head" })] });
}

let state = 12345;
const uniform = () => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return state / 0x7fffffff;
};

function setWeights(model) {
  const values = model.weights.map(({ shape, name }) => {
    const size = shape.reduce((product, side) => product * side, 1);
    const fanIn = Math.max(1, size / shape.at(-1));
    const draw = /variance|gamma/.test(name)
      ? () => 0.5 + uniform()
      : () => (2 * uniform() - 1) * Math.sqrt(3 / fanIn);
    return tf.tensor(Float32Array.from({ length: size }, draw), shape);
  });
  model.setWeights(values);
}

/** As the tests make them: 4 examples. */
const examples = tf.tensor(
  Float32Array.from({ length: 4 * 784 }, (_, at) => Math.sin(0.7 * at + 0.1 * (at % 784))),
  [4, ...inputShape],
);

async function artifactsOf(model) {
  let found;
  await model.save(
    tf.io.withSaveHandler(async (artifacts) => {
      found = artifacts;
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  return found;
}

async function write(name, model, shards) {
  setWeights(model);
  const { modelTopology, weightSpecs, weightData, format, generatedBy } = await artifactsOf(model);
  const bytes = Buffer.from(
    tf.io.CompositeArrayBuffer === undefined ? weightData : tf.io.CompositeArrayBuffer.join(weightData),
  );
  const folder = join(target, name);
  mkdirSync(folder, { recursive: true });
  const length = Math.ceil(bytes.length / shards);
  const paths = Array.from({ length: shards }, (_, at) => `group1-shard${at + 1}of${shards}.bin`);
  for (const [at, path] of paths.entries()) {
    writeFileSync(join(folder, path), bytes.subarray(at * length, (at + 1) * length));
  }
  const json = { format, generatedBy, modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] };
  writeFileSync(join(folder, "model.json"), `${JSON.stringify(json)}\n`);
  const linear = JSON.parse(JSON.stringify(json).replaceAll('"softmax"', '"linear"'));
  const logitsModel =
    name === "branches"
      ? tfl.model({ inputs: model.inputs, outputs: model.getLayer("logits").output })
      : await tfl.loadLayersModel(
          tf.io.fromMemory({ modelTopology: linear.modelTopology, weightSpecs, weightData }),
        );
  return {
    logits: Array.from(await logitsModel.predict(examples).data()),
    predictions: Array.from(await model.predict(examples).data()),
  };
}

await tf.setBackend("cpu");
const expected = {
  "every-layer": await write("every-layer", everyLayer(), 1),
  branches: await write("branches", branches(), 3),
  nested: await write("nested", nested(), 1),
};
writeFileSync(join(here, "predictions.json"), `${JSON.stringify(expected, null, 2)}\n`);
