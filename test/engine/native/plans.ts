// Prints small networks as the addon reads them, for addonFuzz.mjs: JSON, a list of [codes, numbers, sizes].
import { compilePlan } from "../../../engine/native/plan.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import { parseNetwork } from "../../../engine/network/parse.js";
import { elements, inferShapes } from "../../../engine/network/shapes.js";

const networks = [
  { input: [3], layers: [{ type: "dense", name: "a", units: 2 }] },
  {
    input: [5],
    layers: [
      { type: "dense", name: "a", units: 4, activation: "gelu" },
      { type: "dense", name: "b", units: 3, useBias: false, scale: 0.5 },
    ],
  },
  {
    input: [6, 6, 2],
    layers: [
      { type: "conv2d", name: "a", filters: 3, kernelSize: 3, padding: "same", activation: "relu" },
      { type: "batchNormalization", name: "b" },
      {
        type: "residual",
        name: "c",
        main: [{ type: "conv2d", name: "d", filters: 4, kernelSize: [3, 1], strides: 2, padding: "same" }],
        shortcut: [{ type: "padShortcut", strides: 2, channels: [0, 1] }],
      },
      { type: "maxPooling2d", poolSize: 2, strides: 1 },
      { type: "averagePooling2d", poolSize: 2, padding: "same" },
      { type: "flatten" },
      { type: "dense", name: "e", units: 2 },
    ],
  },
  {
    input: [5, 4, 1],
    layers: [
      { type: "conv2d", name: "a", filters: 2, kernelSize: 2, padding: "valid", trainable: false },
      { type: "activation", activation: "softplus" },
      { type: "globalAveragePooling2d" },
      { type: "dense", name: "b", units: 3 },
    ],
  },
];

const plans = networks.map((described) => {
  const network = parseNetwork(described);
  const [shaped, layout] = [inferShapes(network), parameterLayout(network)];
  const { codes, numbers } = compilePlan(shaped, layout);
  const { totalCount: total, trainableCount: trainable } = layout;
  const sizes = { width: elements(network.input), outputs: shaped.outputs, total, trainable };
  return [[...codes], [...numbers], sizes];
});
process.stdout.write(JSON.stringify(plans));
