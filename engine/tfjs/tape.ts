import * as tf from "@tensorflow/tfjs-core";
import type { ShapedActivation, ShapedLayer, ShapedResidual } from "../network/shapes.js";
import { activate, timesSlope } from "./activations.js";
import { convolution, dense } from "./affine.js";
import { normalize } from "./normalization.js";
import type { Back, BatchStatistics, Normalization, Recording, Step } from "./rule.js";
import { isTrainable, type Site } from "./sites.js";
import { flatten, globalPooling, padShortcut, pooling } from "./structure.js";
import type { Weights } from "./weights.js";

/** A pass forward and what the way back needs; its tensors belong to the tidy scope it was recorded in. */
export interface Tape {
  /** f(x), n × K. */
  readonly output: tf.Tensor2D;
  /** One entry a normalisation layer under `batch`, none under `moving`. */
  readonly statistics: readonly BatchStatistics[];
  /** Cotangents n · copies × K, row i · copies + c → the sites that trainable parameters act at, last first. */
  backward(cotangent: tf.Tensor2D, copies: number): readonly Site[];
}

/**
 * Runs the network on a batch (n × the network's input shape) and remembers what the way back needs. Call inside
 * `tf.tidy`. Reverse-mode differentiation layer by layer, written out so that K cotangents an example share one pass
 * (design §5) and the parameters' derivatives stay apart by example.
 */
export function record(
  layers: readonly ShapedLayer[],
  input: tf.Tensor,
  weights: Weights,
  normalization: Normalization,
): Tape {
  const statistics: BatchStatistics[] = [];
  const stack = runStack(layers, input, false, { weights, normalization, statistics });
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

function runStack(
  layers: readonly ShapedLayer[],
  input: tf.Tensor,
  trainableBefore: boolean,
  recording: Recording,
): Step {
  const backs: Back[] = [];
  let output = input;
  let inputWanted = trainableBefore;
  for (const layer of layers) {
    const step = runLayer(layer, output, inputWanted, recording);
    output = step.output;
    backs.push(step.back);
    inputWanted ||= hasTrainable(layer);
  }
  return {
    output,
    back: (cotangent, walk) => {
      let current: tf.Tensor | undefined = cotangent;
      for (let index = backs.length - 1; index >= 0 && current !== undefined; index--) {
        current = backs[index](current, walk);
      }
      return current;
    },
  };
}

function runLayer(layer: ShapedLayer, input: tf.Tensor, inputWanted: boolean, recording: Recording): Step {
  switch (layer.type) {
    case "dense":
      return dense(layer, input as tf.Tensor2D, inputWanted, recording.weights);
    case "conv2d":
      return convolution(layer, input as tf.Tensor4D, inputWanted, recording.weights);
    case "activation":
      return activation(layer, input);
    case "batchNormalization":
      return normalize(layer, input, inputWanted, recording);
    case "maxPooling2d":
    case "averagePooling2d":
      return pooling(layer, input);
    case "globalAveragePooling2d":
      return globalPooling(layer, input);
    case "flatten":
      return flatten(layer, input);
    case "padShortcut":
      return padShortcut(layer, input as tf.Tensor4D);
    case "residual":
      return residual(layer, input, inputWanted, recording);
  }
}

function activation(layer: ShapedActivation, input: tf.Tensor): Step {
  const { activation: name } = layer.layer;
  const output = activate(name, input);
  return { output, back: (cotangent, walk) => timesSlope(cotangent, name, input, output, walk.copies) };
}

function residual(layer: ShapedResidual, input: tf.Tensor, inputWanted: boolean, recording: Recording): Step {
  const main = runStack(layer.main, input, inputWanted, recording);
  const shortcut = runStack(layer.shortcut, input, inputWanted, recording);
  return {
    output: tf.add(main.output, shortcut.output),
    back: (cotangent, walk) => {
      const throughMain = main.back(cotangent, walk);
      const throughShortcut = shortcut.back(cotangent, walk);
      if (throughMain === undefined || throughShortcut === undefined) return undefined;
      return tf.add(throughMain, throughShortcut);
    },
  };
}

function hasTrainable(layer: ShapedLayer): boolean {
  if (layer.type !== "residual") return isTrainable(layer);
  return layer.main.some(hasTrainable) || layer.shortcut.some(hasTrainable);
}
