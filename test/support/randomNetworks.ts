import * as fc from "fast-check";
import { activations } from "../../engine/network/form.js";
import { initialParameters } from "../../engine/network/initialisation.js";
import { parameterLayout } from "../../engine/network/layout.js";
import type { Activation, Layer, Network, Padding } from "../../engine/network/network.js";
import { networkProblems } from "../../engine/network/parse.js";
import { randomSource } from "../../engine/random.js";

/** A small network with parameters and examples, all from one seed. */
export interface RandomCase {
  readonly network: Network;
  readonly parameters: Float32Array;
  readonly examples: number;
  /** examples × d. */
  readonly features: Float32Array;
}

const smooth = activations.filter((activation) => activation !== "relu");
const padding = fc.oneof(fc.constantFrom<Padding>("same", "valid"), fc.integer({ min: 0, max: 2 }));
const side = (most: number) =>
  fc.oneof(
    fc.integer({ min: 1, max: most }),
    fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most })),
  );

function convolution(bend: fc.Arbitrary<Activation>): fc.Arbitrary<Layer> {
  return fc.record({
    type: fc.constant("conv2d" as const),
    name: fc.constant(""),
    filters: fc.integer({ min: 1, max: 3 }),
    kernelSize: side(4),
    strides: side(3),
    padding,
    useBias: fc.boolean(),
    activation: bend,
    trainable: fc.integer({ min: 0, max: 3 }).map((draw) => draw > 0),
  });
}

function imageLayer(bend: fc.Arbitrary<Activation>, kinks: boolean): fc.Arbitrary<Layer> {
  const sameShape: fc.Arbitrary<Layer> = fc.record({
    type: fc.constant("conv2d" as const),
    name: fc.constant(""),
    filters: fc.constant(2),
    kernelSize: fc.constantFrom(1, 3),
    padding: fc.constant("same" as const),
    activation: bend,
  });
  const normalization: fc.Arbitrary<Layer> = fc.record({
    type: fc.constant("batchNormalization" as const),
    name: fc.constant(""),
  });
  const pooling = (type: "maxPooling2d" | "averagePooling2d"): fc.Arbitrary<Layer> =>
    fc.record({
      type: fc.constant(type),
      poolSize: side(3),
      strides: side(2),
      padding: fc.constantFrom<Padding>("same", "valid", 0),
    });
  const residual: fc.Arbitrary<Layer> = fc.record({
    type: fc.constant("residual" as const),
    main: fc.tuple(sameShape, fc.oneof(sameShape, normalization)).map((layers) => [...layers]),
    shortcut: fc.constantFrom<Layer[]>([], [{ type: "activation", activation: "tanh" }]),
  });
  const shrinking: fc.Arbitrary<Layer> = fc.record({
    type: fc.constant("residual" as const),
    main: fc.constant<Layer[]>([
      { type: "conv2d", name: "", filters: 4, kernelSize: 3, strides: 2, padding: 1, useBias: false },
    ]),
    shortcut: fc.constant<Layer[]>([{ type: "padShortcut", strides: 2, channels: [1, 1] }]),
  });
  // A residual's main has two channels, so it follows a convolution that makes them.
  const entering: Layer = { type: "conv2d", name: "", filters: 2, kernelSize: 1 };
  return fc.oneof(
    { arbitrary: convolution(bend), weight: 4 },
    normalization,
    fc.record({ type: fc.constant("activation" as const), activation: bend }),
    pooling("averagePooling2d"),
    pooling(kinks ? "maxPooling2d" : "averagePooling2d"),
    residual.map(
      (layer): Layer => ({ type: "residual", main: [entering, layer], shortcut: [{ ...entering }] }),
    ),
    shrinking.map(
      (layer): Layer => ({ type: "residual", main: [entering, layer], shortcut: [{ ...entering }, layer] }),
    ),
  );
}

/** Names made unique, and layers that do not fit where they stand left out. */
function settled(input: readonly number[], layers: readonly Layer[], head: readonly Layer[]): Network {
  let count = 0;
  const named = (layer: Layer): Layer => {
    if (layer.type === "residual") {
      return { ...layer, main: layer.main.map(named), shortcut: layer.shortcut.map(named) };
    }
    count += 1;
    return { ...layer, name: `${layer.type}${count}` };
  };
  const kept: Layer[] = [];
  for (const layer of layers) {
    const next = named(layer);
    if (networkProblems({ input, layers: [...kept, next, ...head.map(named)] }).length === 0) kept.push(next);
  }
  return { input, layers: [...kept, ...head.map(named)] };
}

function randomCase(bend: fc.Arbitrary<Activation>, kinks: boolean): fc.Arbitrary<RandomCase> {
  const image = fc.tuple(
    fc.integer({ min: 3, max: 9 }),
    fc.integer({ min: 3, max: 9 }),
    fc.integer({ min: 1, max: 3 }),
  );
  const hidden: fc.Arbitrary<Layer> = fc.record({
    type: fc.constant("dense" as const),
    name: fc.constant(""),
    units: fc.integer({ min: 1, max: 5 }),
    useBias: fc.boolean(),
    activation: bend,
    scale: fc.constantFrom(1, 0.5, -2),
    trainable: fc.integer({ min: 0, max: 3 }).map((draw) => draw > 0),
  });
  return fc
    .record({
      input: image,
      layers: fc.array(imageLayer(bend, kinks), { minLength: 1, maxLength: 3 }),
      join: fc.constantFrom<Layer>({ type: "flatten" }, { type: "globalAveragePooling2d" }),
      hidden: fc.array(hidden, { maxLength: 2 }),
      outputs: fc.integer({ min: 1, max: 4 }),
      lastScale: fc.constantFrom(1, 0.1),
      examples: fc.integer({ min: 1, max: 5 }),
      seed: fc.string(),
    })
    .map(({ input, layers, join, hidden: middle, outputs, lastScale, examples, seed }) => {
      const last: Layer = { type: "dense", name: "", units: outputs, scale: lastScale };
      const network = settled(input, layers, [join, ...middle, last]);
      return { network, examples, ...numbersFor(network, examples, seed) };
    });
}

/** Lecun kernels; biases, statistics, gammas and betas near their usual values but none of them equal to those. */
export function numbersFor(
  network: Network,
  examples: number,
  seed: string,
): Pick<RandomCase, "parameters" | "features"> {
  const { normal, uniform } = randomSource(seed);
  const parameters = initialParameters(network, { initialisation: "lecun", normal });
  for (const { name, offset, size } of parameterLayout(network).tensors) {
    if (name.endsWith("/kernel")) continue;
    const isVariance = name.endsWith("/movingVariance");
    for (let at = offset; at < offset + size; at += 1) {
      parameters[at] = isVariance ? 0.5 + uniform() : parameters[at] + 0.3 * normal();
    }
  }
  const dimension = network.input.reduce((product, each) => product * each, 1);
  const features = new Float32Array(new SharedArrayBuffer(4 * examples * dimension)).map(normal);
  return { parameters, features };
}

/** Networks that are differentiable everywhere: no relu, no max pooling. */
export const smoothCase: fc.Arbitrary<RandomCase> = randomCase(fc.constantFrom(...smooth), false);

/** Networks with relu and max pooling. */
export const kinkedCase: fc.Arbitrary<RandomCase> = randomCase(
  fc.constantFrom<Activation>("relu", "relu", "linear", "gelu"),
  true,
);
