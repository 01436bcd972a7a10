import * as tf from "@tensorflow/tfjs-core";
import type { ShapedNormalization } from "../network/shapes.js";
import type { Back, Recording, Step } from "./rule.js";

/**
 * γ (x − mean) / √(variance + ε) + β, a channel at a time. Under `moving` the statistics are constants; under `batch`
 * they are those of all examples and positions, and the way back goes through them as well (one copy an example):
 * x̄ = (ȳγ − mean(ȳγ) − x̂ · mean(ȳγ x̂)) / √(variance + ε).
 */
export function normalize(
  layer: ShapedNormalization,
  input: tf.Tensor,
  inputWanted: boolean,
  { weights, normalization, statistics }: Recording,
): Step {
  const { name, epsilon = 1e-3, trainable = true } = layer.layer;
  const n = input.shape[0];
  const channels = layer.input.at(-1) as number;
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
      walk.visit({ kind: "normalization", layer, input: perExample, cotangent: outer });
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
