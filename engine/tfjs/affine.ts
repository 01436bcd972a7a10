import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../network/network.js";
import type { ShapedConvolution, ShapedDense } from "../network/shapes.js";
import { activate, slopeSource, timesSlope } from "./activations.js";
import { convolve, convolveBack } from "./convolution.js";
import type { Back, Step } from "./rule.js";
import type { Weights } from "./weights.js";

/** scale · φ(x W + b): n × in → n × out. */
export function dense(layer: ShapedDense, input: tf.Tensor2D, inputWanted: boolean, weights: Weights): Step {
  const { name, useBias = true, activation = "linear", scale = 1, trainable = true } = layer.layer;
  const kernel = weights.get(`${name}/kernel`) as tf.Tensor2D;
  const bias = useBias ? weights.get(`${name}/bias`) : undefined;
  const { source, y } = bend(activation, () => {
    const product = tf.matMul(input, kernel);
    return bias === undefined ? product : tf.add(product, bias);
  });
  const back: Back = (cotangent, walk) => {
    const scaled = scale === 1 ? cotangent : tf.mul(cotangent, scale);
    const inner = timesSlope(scaled, activation, source, walk.copies) as tf.Tensor2D;
    if (trainable) walk.visit({ kind: "dense", layer, input, cotangent: inner });
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
  const kernel = weights.get(`${name}/kernel`) as tf.Tensor4D;
  const bias = useBias ? weights.get(`${name}/bias`) : undefined;
  // Its own relu is done with the product.
  const { source, y } = bend(activation === "relu" ? "linear" : activation, () =>
    convolve(layer, input, kernel, bias),
  );
  const back: Back = (cotangent, walk) => {
    const inner = timesSlope(cotangent, activation, source, walk.copies) as tf.Tensor4D;
    if (trainable) walk.visit({ kind: "convolution", layer, input, cotangent: inner });
    return inputWanted ? convolveBack(layer, inner, weights.turned(name)) : undefined;
  };
  return { output: y, back };
}

/** y = φ(z), and what φ′ comes from; the rest is freed. */
function bend(
  activation: Activation,
  preactivation: () => tf.Tensor,
): { readonly source: tf.Tensor; readonly y: tf.Tensor } {
  return tf.tidy(() => {
    const z = preactivation();
    const y = activate(activation, z);
    return { source: slopeSource(activation, z, y), y };
  });
}
