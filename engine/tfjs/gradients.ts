import * as tf from "@tensorflow/tfjs-core";
import { kernelGradient } from "./convolution.js";
import { hasBias, type Site } from "./sites.js";

/**
 * The gradient of a sum over the batch, by tensor name (`layer/kernel` …): what `writeRows` writes with one cotangent an
 * example, added up over the examples, without ever forming the rows.
 */
export function gradients(site: Site): readonly (readonly [name: string, gradient: tf.Tensor])[] {
  const { name } = site.layer.layer;
  switch (site.kind) {
    case "dense": {
      const kernel = tf.matMul(tf.transpose(site.input), site.cotangent);
      const bias = () => tf.sum(site.cotangent, 0);
      return [
        [`${name}/kernel`, kernel],
        ...(hasBias(site.layer) ? [[`${name}/bias`, bias()] as const] : []),
      ];
    }
    case "convolution": {
      const kernel = kernelGradient(site.layer, site.input, site.cotangent);
      const bias = () => tf.sum(site.cotangent, [0, 1, 2]);
      return [
        [`${name}/kernel`, kernel],
        ...(hasBias(site.layer) ? [[`${name}/bias`, bias()] as const] : []),
      ];
    }
    case "normalization": {
      const gamma = tf.sum(tf.mul(site.cotangent, site.input), [0, 1]);
      return [
        [`${name}/gamma`, gamma],
        [`${name}/beta`, tf.sum(site.cotangent, [0, 1])],
      ];
    }
  }
}
