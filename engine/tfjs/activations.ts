import * as tf from "@tensorflow/tfjs-core";
import type { Activation } from "../network/network.js";

/** φ(z) element by element. */
export function activate(activation: Activation, z: tf.Tensor): tf.Tensor {
  switch (activation) {
    case "linear":
      return z;
    case "relu":
      return tf.relu(z);
    case "tanh":
      return tf.tanh(z);
    case "sigmoid":
      return tf.sigmoid(z);
    case "softplus":
      return tf.softplus(z);
    case "erf":
      return tf.erf(z);
    case "gelu":
      return tf.mul(z, normalDistribution(z));
  }
}

/** What φ′ is computed from: y = φ(z) where that tells it, so that z need not be kept, else z. */
export function slopeSource(activation: Activation, z: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return activation === "softplus" || activation === "erf" || activation === "gelu" ? z : y;
}

/**
 * Cotangents of φ(z), n · copies rows, to those of z: each copy times φ′ of its example's z.
 *
 * @param source `slopeSource` of z and φ(z), n rows.
 */
export function timesSlope(
  cotangent: tf.Tensor,
  activation: Activation,
  source: tf.Tensor,
  copies: number,
): tf.Tensor {
  const slope = activationSlope(activation, source);
  if (slope === undefined) return cotangent;
  if (copies === 1) return tf.mul(cotangent, slope);
  const n = source.shape[0];
  const size = source.size / n;
  const product = tf.mul(tf.reshape(cotangent, [n, copies, size]), tf.reshape(slope, [n, 1, size]));
  return tf.reshape(product, cotangent.shape);
}

/** φ′(z), given `slopeSource`; undefined where it is 1 everywhere. relu′(0) = 0. */
function activationSlope(activation: Activation, source: tf.Tensor): tf.Tensor | undefined {
  switch (activation) {
    case "linear":
      return undefined;
    case "relu":
      return tf.step(source);
    case "tanh":
      return tf.sub(1, tf.square(source));
    case "sigmoid":
      return tf.mul(source, tf.sub(1, source));
    case "softplus":
      return tf.sigmoid(source);
    case "erf":
      return tf.mul(2 / Math.sqrt(Math.PI), tf.exp(tf.neg(tf.square(source))));
    case "gelu":
      return tf.add(normalDistribution(source), tf.mul(source, normalDensity(source)));
  }
}

function normalDistribution(z: tf.Tensor): tf.Tensor {
  return tf.mul(0.5, tf.add(1, tf.erf(tf.mul(z, Math.SQRT1_2))));
}

function normalDensity(z: tf.Tensor): tf.Tensor {
  return tf.mul(1 / Math.sqrt(2 * Math.PI), tf.exp(tf.mul(-0.5, tf.square(z))));
}
