import * as tf from "@tensorflow/tfjs-core";
import type {
  ShapedFlatten,
  ShapedGlobalPooling,
  ShapedPadShortcut,
  ShapedPooling,
} from "../network/shapes.js";
import { pool, poolBack } from "./pooling.js";
import type { Back, Step } from "./rule.js";

/** Maximum or average of each window; ties and padding as in pooling.ts. */
export function pooling(layer: ShapedPooling, input: tf.Tensor): Step {
  const n = input.shape[0];
  const pooled = pool(layer, input.dataSync<"float32">(), n);
  return {
    output: tf.tensor(pooled.values, [n, ...layer.output]),
    back: (cotangent, walk) => {
      const values = poolBack(layer, pooled, cotangent.dataSync<"float32">(), n, walk.copies);
      return tf.tensor(values, [n * walk.copies, ...layer.input]);
    },
  };
}

/** The mean of every channel over the image. */
export function globalPooling(layer: ShapedGlobalPooling, input: tf.Tensor): Step {
  const [height, width, channels] = layer.input;
  const positions = height * width;
  return {
    output: tf.mean(tf.reshape(input, [-1, positions, channels]), 1),
    back: (cotangent) => {
      const rows = cotangent.shape[0];
      const share = tf.reshape(tf.mul(cotangent, 1 / positions), [rows, 1, channels]);
      return tf.reshape(tf.tile(share, [1, positions, 1]), [rows, height, width, channels]);
    },
  };
}

/** Every example as one row, NHWC order. */
export function flatten(layer: ShapedFlatten, input: tf.Tensor): Step {
  return {
    output: tf.reshape(input, [input.shape[0], layer.output[0]]),
    back: (cotangent) => tf.reshape(cotangent, [cotangent.shape[0], ...layer.input]),
  };
}

/** Every `strides`-th pixel from 0, with zero channels before and after. */
export function padShortcut(layer: ShapedPadShortcut, input: tf.Tensor4D): Step {
  const { strides, channels } = layer.layer;
  const kept =
    strides === 1 ? input : tf.stridedSlice(input, [0, 0, 0, 0], input.shape, [1, strides, strides, 1]);
  const back: Back = (cotangent) => {
    const rows = cotangent.shape[0];
    const [height, width] = layer.output;
    const inner = tf.slice(cotangent, [0, 0, 0, channels[0]], [rows, height, width, layer.input[2]]);
    return strides === 1 ? inner : spreadPixels(layer, inner.dataSync<"float32">(), rows);
  };
  return { output: tf.pad(kept, [[0, 0], [0, 0], [0, 0], [...channels]]), back };
}

/** Puts the pixels that were kept back where they came from, zeros elsewhere. */
function spreadPixels(layer: ShapedPadShortcut, kept: Float32Array, rows: number): tf.Tensor {
  const { strides } = layer.layer;
  const [height, width, channels] = layer.input;
  const [keptHeight, keptWidth] = layer.output;
  const values = new Float32Array(rows * height * width * channels);
  for (let row = 0; row < rows; row++) {
    for (let y = 0; y < keptHeight; y++) {
      for (let x = 0; x < keptWidth; x++) {
        const from = ((row * keptHeight + y) * keptWidth + x) * channels;
        const to = ((row * height + y * strides) * width + x * strides) * channels;
        values.set(kept.subarray(from, from + channels), to);
      }
    }
  }
  return tf.tensor(values, [rows, height, width, channels]);
}
