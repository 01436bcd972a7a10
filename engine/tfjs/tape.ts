import * as tf from "@tensorflow/tfjs-core";
import type {
  ShapedConvolution,
  ShapedDense,
  ShapedLayer,
  ShapedNormalization,
  ShapedPadShortcut,
} from "../network/shapes.js";
import { activate, activationDerivative } from "./activations.js";
import { convolve, convolveBack } from "./convolution.js";
import { pool, poolBack } from "./pooling.js";
import type { Weights } from "./weights.js";

/** A place where trainable parameters act: what went in, and the cotangents of what came out (n · copies rows). */
export type Site =
  | {
      readonly kind: "dense";
      readonly layer: ShapedDense;
      readonly input: tf.Tensor2D;
      readonly cotangent: tf.Tensor2D;
    }
  | {
      readonly kind: "convolution";
      readonly layer: ShapedConvolution;
      readonly input: tf.Tensor4D;
      readonly cotangent: tf.Tensor4D;
    }
  | {
      readonly kind: "normalization";
      readonly layer: ShapedNormalization;
      /** (x − mean) / √(variance + ε), n × positions × C. */
      readonly input: tf.Tensor3D;
      /** n · copies × positions × C. */
      readonly cotangent: tf.Tensor3D;
    };

/** Batch statistics that a training step met, biased variance. */
export interface BatchStatistics {
  readonly layer: ShapedNormalization;
  readonly mean: tf.Tensor1D;
  readonly variance: tf.Tensor1D;
}

export interface Tape {
  readonly output: tf.Tensor2D;
  readonly statistics: readonly BatchStatistics[];
  /** Cotangents n · copies × K, row i · copies + c → the sites that trainable parameters act at, last first. */
  backward(cotangent: tf.Tensor2D, copies: number): readonly Site[];
}

export type Normalization = "batch" | "moving";

/** Continues a cotangent to the layer's input; undefined when nothing before it is trainable. */
type Back = (cotangent: tf.Tensor, walk: Walk) => tf.Tensor | undefined;

interface Walk {
  readonly copies: number;
  readonly sites: Site[];
}

interface Recording {
  readonly weights: Weights;
  readonly normalization: Normalization;
  readonly statistics: BatchStatistics[];
}

/** Runs the network on a batch and remembers what the way back needs. Call inside `tf.tidy`. */
export function record(
  layers: readonly ShapedLayer[],
  input: tf.Tensor,
  weights: Weights,
  normalization: Normalization,
): Tape {
  const statistics: BatchStatistics[] = [];
  const stack = forwardStack(layers, input, false, { weights, normalization, statistics });
  return {
    output: stack.output as tf.Tensor2D,
    statistics,
    backward: (cotangent, copies) => {
      const sites: Site[] = [];
      stack.back(cotangent, { copies, sites });
      return sites;
    },
  };
}

/** Whether any tensor of a layer belongs to w. */
export function hasTrainable(layer: ShapedLayer): boolean {
  switch (layer.type) {
    case "dense":
    case "conv2d":
    case "batchNormalization":
      return layer.layer.trainable !== false;
    case "residual":
      return layer.main.some(hasTrainable) || layer.shortcut.some(hasTrainable);
    default:
      return false;
  }
}

function forwardStack(
  layers: readonly ShapedLayer[],
  input: tf.Tensor,
  trainableBefore: boolean,
  recording: Recording,
): { output: tf.Tensor; back: Back } {
  const backs: Back[] = [];
  let output = input;
  let wanted = trainableBefore;
  for (const layer of layers) {
    const step = forwardLayer(layer, output, wanted, recording);
    output = step.output;
    backs.push(step.back);
    wanted ||= hasTrainable(layer);
  }
  return {
    output,
    back: (cotangent, walk) => {
      let current: tf.Tensor | undefined = cotangent;
      for (let index = backs.length - 1; index >= 0 && current !== undefined; index--) {
        current = backs[index]!(current, walk);
      }
      return current;
    },
  };
}

function forwardLayer(
  layer: ShapedLayer,
  input: tf.Tensor,
  inputWanted: boolean,
  recording: Recording,
): { output: tf.Tensor; back: Back } {
  switch (layer.type) {
    case "dense":
      return dense(layer, input as tf.Tensor2D, inputWanted, recording.weights);
    case "conv2d":
      return convolution(layer, input as tf.Tensor4D, inputWanted, recording.weights);
    case "activation": {
      const output = activate(layer.layer.activation, input);
      const slope = activationDerivative(layer.layer.activation, input, output);
      return { output, back: (cotangent, walk) => timesPerExample(cotangent, slope, walk.copies) };
    }
    case "batchNormalization":
      return normalize(layer, input, inputWanted, recording);
    case "maxPooling2d":
    case "averagePooling2d": {
      const n = input.shape[0]!;
      const pooled = pool(layer, input.dataSync<"float32">(), n);
      return {
        output: tf.tensor(pooled.values, [n, ...layer.output]),
        back: (cotangent, walk) => {
          const values = poolBack(layer, pooled, cotangent.dataSync<"float32">(), n, walk.copies);
          return tf.tensor(values, [n * walk.copies, ...layer.input]);
        },
      };
    }
    case "globalAveragePooling2d": {
      const [height, width, channels] = layer.input as [number, number, number];
      const positions = height * width;
      const output = tf.mean(tf.reshape(input, [-1, positions, channels]), 1);
      return {
        output,
        back: (cotangent) => {
          const rows = cotangent.shape[0]!;
          const share = tf.reshape(tf.mul(cotangent, 1 / positions), [rows, 1, channels]);
          return tf.reshape(tf.tile(share, [1, positions, 1]), [rows, height, width, channels]);
        },
      };
    }
    case "flatten":
      return {
        output: tf.reshape(input, [input.shape[0]!, layer.output[0]!]),
        back: (cotangent) => tf.reshape(cotangent, [cotangent.shape[0]!, ...layer.input]),
      };
    case "padShortcut":
      return padShortcut(layer, input as tf.Tensor4D);
    case "residual": {
      const main = forwardStack(layer.main, input, inputWanted, recording);
      const shortcut = forwardStack(layer.shortcut, input, inputWanted, recording);
      return {
        output: tf.add(main.output, shortcut.output),
        back: (cotangent, walk) => {
          const throughMain = main.back(cotangent, walk);
          const throughShortcut = shortcut.back(cotangent, walk);
          if (throughMain === undefined || throughShortcut === undefined || !inputWanted) return undefined;
          return tf.add(throughMain, throughShortcut);
        },
      };
    }
  }
}

function dense(layer: ShapedDense, input: tf.Tensor2D, inputWanted: boolean, weights: Weights) {
  const { name, useBias = true, activation = "linear", scale = 1, trainable = true } = layer.layer;
  const kernel = weights.get(`${name}/kernel`) as tf.Tensor2D;
  const product = tf.matMul(input, kernel);
  const z = useBias ? tf.add(product, weights.get(`${name}/bias`)) : product;
  const y = activate(activation, z);
  const slope = activationDerivative(activation, z, y);
  const back: Back = (cotangent, walk) => {
    const scaled = scale === 1 ? cotangent : tf.mul(cotangent, scale);
    const inner = timesPerExample(scaled, slope, walk.copies) as tf.Tensor2D;
    if (trainable) walk.sites.push({ kind: "dense", layer, input, cotangent: inner });
    return inputWanted ? tf.matMul(inner, tf.transpose(kernel)) : undefined;
  };
  return { output: scale === 1 ? y : tf.mul(y, scale), back };
}

function convolution(layer: ShapedConvolution, input: tf.Tensor4D, inputWanted: boolean, weights: Weights) {
  const { name, useBias = true, activation = "linear", trainable = true } = layer.layer;
  const product = convolve(layer, input, weights.get(`${name}/kernel`) as tf.Tensor4D);
  const z = useBias ? tf.add(product, weights.get(`${name}/bias`)) : product;
  const output = activate(activation, z);
  const slope = activationDerivative(activation, z, output);
  const back: Back = (cotangent, walk) => {
    const inner = timesPerExample(cotangent, slope, walk.copies) as tf.Tensor4D;
    if (trainable) walk.sites.push({ kind: "convolution", layer, input, cotangent: inner });
    return inputWanted ? convolveBack(layer, inner, weights.turned(name)) : undefined;
  };
  return { output, back };
}

function normalize(
  layer: ShapedNormalization,
  input: tf.Tensor,
  inputWanted: boolean,
  { weights, normalization, statistics }: Recording,
) {
  const { name, epsilon = 1e-3, trainable = true } = layer.layer;
  const n = input.shape[0]!;
  const channels = layer.input.at(-1)!;
  const positions = input.size / n / channels;
  const x = tf.reshape(input, [n * positions, channels]);
  let mean = weights.get(`${name}/movingMean`) as tf.Tensor1D;
  let variance = weights.get(`${name}/movingVariance`) as tf.Tensor1D;
  if (normalization === "batch") {
    mean = tf.mean(x, 0);
    variance = tf.mean(tf.square(tf.sub(x, mean)), 0);
    statistics.push({ layer, mean, variance });
  }
  const inverse = tf.div(1, tf.sqrt(tf.add(variance, epsilon)));
  const normalized = tf.mul(tf.sub(x, mean), inverse);
  const gamma = weights.get(`${name}/gamma`);
  const y = tf.add(tf.mul(normalized, gamma), weights.get(`${name}/beta`));
  const back: Back = (cotangent, walk) => {
    const rows = n * walk.copies;
    const outer = tf.reshape(cotangent, [rows, positions, channels]) as tf.Tensor3D;
    if (trainable) {
      const perExample = tf.reshape(normalized, [n, positions, channels]) as tf.Tensor3D;
      walk.sites.push({ kind: "normalization", layer, input: perExample, cotangent: outer });
    }
    if (!inputWanted) return undefined;
    const scaled = tf.reshape(tf.mul(outer, tf.mul(gamma, inverse)), [rows * positions, channels]);
    if (normalization === "moving") return tf.reshape(scaled, [rows, ...layer.input]);
    const centred = tf.sub(scaled, tf.mean(scaled, 0));
    const along = tf.mean(tf.mul(scaled, normalized), 0);
    return tf.reshape(tf.sub(centred, tf.mul(normalized, along)), [rows, ...layer.input]);
  };
  return { output: tf.reshape(y, [n, ...layer.input]), back };
}

function padShortcut(layer: ShapedPadShortcut, input: tf.Tensor4D) {
  const { strides, channels } = layer.layer;
  const [height, width, deep] = layer.input as [number, number, number];
  const kept =
    strides === 1 ? input : tf.stridedSlice(input, [0, 0, 0, 0], input.shape, [1, strides, strides, 1]);
  const output = tf.pad(kept, [[0, 0], [0, 0], [0, 0], [...channels]]);
  const back: Back = (cotangent) => {
    const rows = cotangent.shape[0]!;
    const [outHeight, outWidth] = layer.output as [number, number, number];
    const inner = tf.slice(cotangent, [0, 0, 0, channels[0]], [rows, outHeight, outWidth, deep]);
    if (strides === 1) return inner;
    const values = new Float32Array(rows * height * width * deep);
    const source = inner.dataSync<"float32">();
    for (let row = 0; row < rows; row++) {
      for (let y = 0; y < outHeight; y++) {
        for (let x = 0; x < outWidth; x++) {
          const from = ((row * outHeight + y) * outWidth + x) * deep;
          values.set(
            source.subarray(from, from + deep),
            ((row * height + y * strides) * width + x * strides) * deep,
          );
        }
      }
    }
    return tf.tensor(values, [rows, height, width, deep]);
  };
  return { output, back };
}

/** Multiplies every copy's cotangent of an example by what belongs to the example; undefined stands for 1. */
function timesPerExample(cotangent: tf.Tensor, factor: tf.Tensor | undefined, copies: number): tf.Tensor {
  if (factor === undefined) return cotangent;
  if (copies === 1) return tf.mul(cotangent, factor);
  const n = factor.shape[0]!;
  const size = factor.size / n;
  const product = tf.mul(tf.reshape(cotangent, [n, copies, size]), tf.reshape(factor, [n, 1, size]));
  return tf.reshape(product, cotangent.shape);
}
