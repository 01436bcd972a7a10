import * as tf from "@tensorflow/tfjs-core";
import type {
  ShapedFlatten,
  ShapedGlobalPooling,
  ShapedPadShortcut,
  ShapedPooling,
} from "../network/shapes.js";
import { keepPixels, spreadPixels } from "./pixels.js";
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
      const share = tf.reshape(cotangent, [rows, 1, channels]);
      // A product with a constant: tile takes ten times as long on the wasm backend.
      const shares = tf.mul(share, tf.fill([1, positions, 1], 1 / positions));
      return tf.reshape(shares, [rows, height, width, channels]);
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
  const [height, width] = layer.output;
  const both: [number, number] = [strides, strides];
  const kept = strides === 1 ? input : keepPixels(input, [height, width], both);
  const back: Back = (cotangent) => {
    const rows = cotangent.shape[0];
    const begin = [0, 0, 0, channels[0]];
    const inner = tf.slice(cotangent as tf.Tensor4D, begin, [rows, height, width, layer.input[2]]);
    return strides === 1 ? inner : spreadPixels(inner, [layer.input[0], layer.input[1]], both);
  };
  return { output: tf.pad(kept, [[0, 0], [0, 0], [0, 0], [...channels]]), back };
}
