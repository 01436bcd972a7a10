// Per-example rows of J with plain TensorFlow.js: variableGrads, an example and an output at a time.
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";

const layerRules = {
  conv2d: ({ name, strides = 1, padding: edge }, weights, x) => {
    const padded = tf.pad(x, [
      [0, 0],
      [edge, edge],
      [edge, edge],
      [0, 0],
    ]);
    return tf.conv2d(padded, weights[`${name}/kernel`], strides, "valid");
  },
  dense: ({ name, activation = "linear" }, weights, x) => {
    const sum = tf.add(tf.matMul(x, weights[`${name}/kernel`]), weights[`${name}/bias`]);
    return activation === "relu" ? tf.relu(sum) : sum;
  },
  activation: (_layer, _weights, x) => tf.relu(x),
  globalAveragePooling2d: (_layer, _weights, x) => tf.mean(x, [1, 2]),
  // TensorFlow.js has no gradient of a strided slice: the first of every `strides` rows, then of every `strides` columns.
  padShortcut: ({ strides, channels }, _weights, x) => {
    const [n, height, width, depth] = x.shape;
    const [down, across] = [height / strides, width / strides];
    const rows = tf.slice(
      tf.reshape(x, [n, down, strides * width * depth]),
      [0, 0, 0],
      [n, down, width * depth],
    );
    const split = tf.reshape(rows, [n, down, across, strides * depth]);
    return tf.pad(tf.slice(split, [0, 0, 0, 0], [n, down, across, depth]), [
      [0, 0],
      [0, 0],
      [0, 0],
      channels,
    ]);
  },
  residual: ({ main, shortcut }, weights, x) =>
    tf.add(forward(main, weights, x), forward(shortcut, weights, x)),
};

function forward(layers, weights, x) {
  return layers.reduce((value, layer) => layerRules[layer.type](layer, weights, value), x);
}

/** Seconds for the rows of `count` examples after a first one, and with `check` the first row, in our order. */
export async function rows({ network, tensors, features }, { backend, count, outputs, check = false }) {
  await tf.setBackend(backend);
  await tf.ready();
  const weights = Object.fromEntries(
    [...tensors].map(([name, { shape, values }]) => [name, tf.variable(tf.tensor(values, [...shape]))]),
  );
  const width = features.shape[1];
  const row = async (example, output) => {
    const input = tf.tensor(features.values.slice(example * width, (example + 1) * width), [
      1,
      ...network.input,
    ]);
    const { value, grads } = tf.variableGrads(() =>
      tf.sum(tf.slice(forward(network.layers, weights, input), [0, output], [1, 1])),
    );
    const parts = await Promise.all(Object.values(weights).map(({ name }) => grads[name].data()));
    tf.dispose([input, value, grads]);
    return parts;
  };
  try {
    const first = await row(0, 0);
    const start = performance.now();
    for (let example = 0; example < count; example += 1) {
      for (let output = 0; output < outputs; output += 1) await row(example, output);
    }
    const seconds = (performance.now() - start) / 1000;
    return { seconds, row: check ? first.flatMap((part) => [...part]) : undefined };
  } finally {
    tf.dispose(weights);
  }
}
