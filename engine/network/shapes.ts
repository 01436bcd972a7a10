import { networkErrors } from "../../schemas/errors/network.js";
import type {
  Activation,
  ActivationLayer,
  BatchNormalizationLayer,
  Convolution2dLayer,
  DenseLayer,
  FlattenLayer,
  GlobalAveragePoolingLayer,
  Layer,
  Network,
  PadShortcutLayer,
  PoolingLayer,
  ResidualLayer,
} from "./network.js";
import { slidingWindow, type Window } from "./window.js";

/** [height, width, channels] or [features], without the examples' axis. */
export type Shape = readonly number[];

interface Shaped<Type extends Layer> {
  readonly type: Type["type"];
  readonly layer: Type;
  /** What messages call it: its name in quotes, or its place and type. */
  readonly label: string;
  readonly input: Shape;
  readonly output: Shape;
}

export type ShapedDense = Shaped<DenseLayer> & { readonly type: "dense" };
export type ShapedConvolution = Shaped<Convolution2dLayer> & {
  readonly type: "conv2d";
  readonly window: Window;
};
export type ShapedActivation = Shaped<ActivationLayer> & { readonly type: "activation" };
export type ShapedNormalization = Shaped<BatchNormalizationLayer> & { readonly type: "batchNormalization" };
export type ShapedPooling = Shaped<PoolingLayer> & {
  readonly type: "maxPooling2d" | "averagePooling2d";
  readonly window: Window;
};
export type ShapedGlobalPooling = Shaped<GlobalAveragePoolingLayer> & {
  readonly type: "globalAveragePooling2d";
};
export type ShapedFlatten = Shaped<FlattenLayer> & { readonly type: "flatten" };
export type ShapedPadShortcut = Shaped<PadShortcutLayer> & { readonly type: "padShortcut" };
export type ShapedResidual = Shaped<ResidualLayer> & {
  readonly type: "residual";
  readonly main: readonly ShapedLayer[];
  readonly shortcut: readonly ShapedLayer[];
};

/** A layer with the shapes that go in and out of it. */
export type ShapedLayer =
  | ShapedDense
  | ShapedConvolution
  | ShapedActivation
  | ShapedNormalization
  | ShapedPooling
  | ShapedGlobalPooling
  | ShapedFlatten
  | ShapedPadShortcut
  | ShapedResidual;

export interface ShapedNetwork {
  readonly input: Shape;
  /** d: the product of the input's sides. */
  readonly features: number;
  /** K. */
  readonly outputs: number;
  readonly layers: readonly ShapedLayer[];
}

/** 3×32×32 as text. */
export function shapeText(shape: Shape): string {
  return shape.join("×");
}

/** The number of elements of a shape. */
export function elements(shape: Shape): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** What messages call a layer: `"conv2"`, or `layers[3] (flatten)` when it has no name. */
export function layerLabel(layer: Layer, place: string): string {
  return layer.name === undefined ? `${place} (${layer.type})` : `"${layer.name}"`;
}

/** The activation a layer ends with. */
export function activationOf(layer: DenseLayer | Convolution2dLayer): Activation {
  return layer.activation ?? "linear";
}

/**
 * Follows the shape of an example through the layers. The network must have the right form (`parseNetwork`);
 * a layer that its input does not fit is an INVALID_LAYER error that names it, and so is an output that is not [K].
 */
export function inferShapes(network: Network): ShapedNetwork {
  const layers = shapeStack(network.layers, network.input, "layers");
  const output = layers.at(-1)?.output ?? network.input;
  if (output.length !== 1) {
    const last = layers.at(-1);
    throw networkErrors.invalidLayer(
      last?.label ?? "layers",
      `the network ends with ${shapeText(output)}, not with one number a class`,
      "End with globalAveragePooling2d or flatten, and a dense layer.",
      output,
    );
  }
  return { input: network.input, features: elements(network.input), outputs: output[0], layers };
}

function shapeStack(layers: readonly Layer[], input: Shape, place: string): ShapedLayer[] {
  let shape = input;
  return layers.map((layer, index) => {
    const shaped = shapeLayer(layer, shape, `${place}[${index}]`);
    shape = shaped.output;
    return shaped;
  });
}

function shapeLayer(layer: Layer, input: Shape, place: string): ShapedLayer {
  const label = layerLabel(layer, place);
  switch (layer.type) {
    case "dense":
      if (input.length !== 1) {
        throw networkErrors.invalidLayer(
          label,
          `dense needs a flat input, not ${shapeText(input)}`,
          "Put a flatten or globalAveragePooling2d layer before it.",
          input,
        );
      }
      return { type: layer.type, layer, label, input, output: [layer.units] };
    case "conv2d": {
      const [height, width] = imageOf(input, label, layer.type);
      const window = slidingWindow(
        [height, width],
        layer.kernelSize,
        layer.strides ?? 1,
        layer.padding ?? "valid",
      );
      checkFit(window, input, label, "kernel", layer.padding ?? "valid");
      return { type: layer.type, layer, label, input, output: [...window.output, layer.filters], window };
    }
    case "maxPooling2d":
    case "averagePooling2d": {
      const [height, width, channels] = imageOf(input, label, layer.type);
      const padding = layer.padding ?? "valid";
      const window = slidingWindow([height, width], layer.poolSize, layer.strides ?? layer.poolSize, padding);
      checkFit(window, input, label, "pool", padding);
      if (window.before.some((zeros, axis) => zeros >= window.size[axis])) {
        throw networkErrors.invalidLayer(
          label,
          `padding ${padding} leaves pools of ${shapeText(window.size)} with nothing in them`,
          "Choose a padding smaller than the pool.",
          padding,
        );
      }
      return { type: layer.type, layer, label, input, output: [...window.output, channels], window };
    }
    case "globalAveragePooling2d":
      return { type: layer.type, layer, label, input, output: [imageOf(input, label, layer.type)[2]] };
    case "flatten":
      return { type: layer.type, layer, label, input, output: [elements(input)] };
    case "activation":
      return { type: layer.type, layer, label, input, output: input };
    case "batchNormalization":
      return { type: layer.type, layer, label, input, output: input };
    case "padShortcut": {
      const [height, width, channels] = imageOf(input, label, layer.type);
      const [before, after] = layer.channels;
      const output = [
        Math.ceil(height / layer.strides),
        Math.ceil(width / layer.strides),
        before + channels + after,
      ];
      return { type: layer.type, layer, label, input, output };
    }
    case "residual":
      return shapeResidual(layer, input, label, place);
  }
}

function shapeResidual(layer: ResidualLayer, input: Shape, label: string, place: string): ShapedResidual {
  const main = shapeStack(layer.main, input, `${place}.main`);
  const shortcut = shapeStack(layer.shortcut, input, `${place}.shortcut`);
  const output = main.at(-1)?.output ?? input;
  const other = shortcut.at(-1)?.output ?? input;
  if (shapeText(output) !== shapeText(other)) {
    throw networkErrors.invalidLayer(
      label,
      `main gives ${shapeText(output)} and shortcut ${shapeText(other)}, which cannot be added`,
      "Give the shortcut a padShortcut or a 1×1 conv2d with the strides and channels of main.",
      [output, other],
    );
  }
  return { type: layer.type, layer, label, input, output, main, shortcut };
}

function imageOf(input: Shape, label: string, type: string): readonly [number, number, number] {
  if (input.length === 3) return [input[0], input[1], input[2]];
  throw networkErrors.invalidLayer(
    label,
    `${type} needs an image [height, width, channels], not ${shapeText(input)}`,
    "Give the network an image as input, or put the layer before flatten.",
    input,
  );
}

function checkFit(window: Window, input: Shape, label: string, what: string, padding: string | number): void {
  if (window.output[0] >= 1 && window.output[1] >= 1) return;
  throw networkErrors.invalidLayer(
    label,
    `${what} ${shapeText(window.size)} does not fit input ${shapeText(input)} with padding ${padding}`,
    `Make the ${what} smaller, pad more, or reduce the image less before it.`,
    window.size,
  );
}
