import * as tf from "@tensorflow/tfjs-core";
import type { ShapedConvolution, ShapedDense } from "../network/shapes.js";
import { activate, timesSlope } from "./activations.js";
import { convolve, convolveBack } from "./convolution.js";
import type { Back, Step } from "./rule.js";
import type { Weights } from "./weights.js";

/** scale · φ(x W + b): n × in → n × out. */
export function dense(layer: ShapedDense, input: tf.Tensor2D, inputWanted: boolean, weights: Weights): Step {
  const { name, useBias = true, activation = "linear", scale = 1, trainable = true } = layer.layer;
  const kernel = weights.get(`${name}/kernel`) as tf.Tensor2D;
  const product = tf.matMul(input, kernel);
  const z = useBias ? tf.add(product, weights.get(`${name}/bias`)) : product;
  const y = activate(activation, z);
  const back: Back = (cotangent, walk) => {
    const scaled = scale === 1 ? cotangent : tf.mul(cotangent, scale);
    const inner = timesSlope(scaled, activation, z, y, walk.copies) as tf.Tensor2D;
    if (trainable) walk.sites.push({ kind: "dense", layer, input, cotangent: inner });
    return inputWanted ? tf.matMul(inner, tf.transpose(kernel)) : undefined;
  };
  return { output: scale === 1 ? y : tf.mul(y, scale), back };
}

/** φ(x ∗ W + b): n × H × W × C → n × H′ × W′ × filters. */
export function convolution(
  layer: ShapedConvolution,
  input: tf.Tensor4D,
  inputWanted: boolean,
  weights: Weights,
): Step {
  const { name, useBias = true, activation = "linear", trainable = true } = layer.layer;
  const product = convolve(layer, input, weights.get(`${name}/kernel`) as tf.Tensor4D);
  const z = useBias ? tf.add(product, weights.get(`${name}/bias`)) : product;
  const output = activate(activation, z);
  const back: Back = (cotangent, walk) => {
    const inner = timesSlope(cotangent, activation, z, output, walk.copies) as tf.Tensor4D;
    if (trainable) walk.sites.push({ kind: "convolution", layer, input, cotangent: inner });
    return inputWanted ? convolveBack(layer, inner, weights.turned(name)) : undefined;
  };
  return { output, back };
}
