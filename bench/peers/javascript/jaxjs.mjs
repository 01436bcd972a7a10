// Per-example rows of J with jax-js on WebAssembly: jit of grad, an example and an output at a time (its vmap is no faster).
import { blockUntilReady, grad, init, jit, lax, nn, numpy as np } from "@jax-js/jax";

// A call uses up its arguments; `.ref` keeps what is needed again.
const layerRules = {
  conv2d: ({ name, strides = 1, padding }, weights, x) =>
    lax.convGeneralDilated(
      x,
      weights[`${name}/kernel`].ref,
      [strides, strides],
      [
        [padding, padding],
        [padding, padding],
      ],
    ),
  dense: ({ name }, weights, x) =>
    np.matmul(x, weights[`${name}/kernel`].ref).add(weights[`${name}/bias`].ref),
  activation: (_layer, _weights, x) => nn.relu(x),
  globalAveragePooling2d: (_layer, _weights, x) => np.mean(x, [2, 3]),
  padShortcut: ({ strides, channels }, _weights, x) => {
    const [n, depth, height, width] = x.shape;
    const split = x.reshape([n, depth, height / strides, strides, width / strides, strides]);
    return np.pad(split.slice([], [], [], 0, [], 0), [[0, 0], channels, [0, 0], [0, 0]]);
  },
  residual: ({ main, shortcut }, weights, x) =>
    forward(main, weights, x.ref).add(forward(shortcut, weights, x)),
};

function forward(layers, weights, x) {
  return layers.reduce((value, layer) => layerRules[layer.type](layer, weights, value), x);
}

/** Kernels HWIO → OIHW. */
function array({ shape, values }) {
  const flat = np.array(Float32Array.from(values)).reshape([...shape]);
  return shape.length === 4 ? np.transpose(flat, [3, 2, 0, 1]) : flat;
}

/** Seconds for the rows of `count` examples after a first one, and with `check` the first row, in our order. */
export async function rows(state, { count, outputs, check = false }) {
  state.jaxjs ??= await prepare(state);
  const { weights, gradient, input } = state.jaxjs;
  const row = async (example, output) => {
    const kept = Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, value.ref]));
    const cotangent = np.array([Array.from({ length: outputs }, (_, k) => (k === output ? 1 : 0))]);
    const found = gradient(kept, input(example), cotangent);
    await blockUntilReady(found);
    return found;
  };
  const dispose = (found) => {
    for (const value of Object.values(found)) value.dispose();
  };
  const first = await row(0, 0);
  const values = check ? await flat(Object.keys(weights).map((name) => first[name])) : undefined;
  if (!check) dispose(first);
  const start = performance.now();
  for (let example = 0; example < count; example += 1) {
    for (let output = 0; output < outputs; output += 1) dispose(await row(example, output));
  }
  return { seconds: (performance.now() - start) / 1000, row: values };
}

async function prepare({ network, tensors, features }) {
  await init("wasm");
  const weights = Object.fromEntries([...tensors].map(([name, tensor]) => [name, array(tensor)]));
  const gradient = jit(
    grad((parameters, x, cotangent) => {
      const value = forward(network.layers, parameters, x).mul(cotangent).sum();
      for (const parameter of Object.values(parameters)) parameter.dispose();
      return value;
    }),
  );
  const width = features.shape[1];
  const input = (example) => {
    const image = np.array(features.values.slice(example * width, (example + 1) * width));
    return np.transpose(image.reshape([1, ...network.input]), [0, 3, 1, 2]);
  };
  return { weights, gradient, input };
}

async function flat(tensors) {
  const parts = [];
  for (const value of tensors) {
    const ours = value.shape.length === 4 ? np.transpose(value, [2, 3, 1, 0]) : value;
    parts.push(...(await ours.data()));
  }
  return parts;
}
