import * as tf from "@tensorflow/tfjs-core";
import type { ShapedActivation, ShapedLayer, ShapedResidual } from "../network/shapes.js";
import { activate, slopeSource, timesSlope } from "./activations.js";
import { convolution, dense } from "./affine.js";
import { normalize } from "./normalization.js";
import type { Back, BatchStatistics, Normalization, Recording, Step, Walk } from "./rule.js";
import { isTrainable, type Site } from "./sites.js";
import { flatten, globalPooling, padShortcut, pooling } from "./structure.js";
import type { Weights } from "./weights.js";

/** A pass forward and what the way back needs; its tensors belong to the tidy scope it was recorded in. */
export interface Tape {
  /** f(x), n × K. */
  readonly output: tf.Tensor2D;
  /** One entry a normalisation layer under `batch`, none under `moving`. */
  readonly statistics: readonly BatchStatistics[];
  /**
   * Takes cotangents (n · copies × K, row i · copies + c) back and shows `visit` the sites that trainable parameters
   * act at, last first. Nothing of the way back stays on the backend but what `visit` keeps.
   */
  backward(cotangent: tf.Tensor2D, copies: number, visit: (site: Site) => void): void;
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
    backward: (cotangent, copies, visit) => {
      tf.tidy(() => {
        stack.back(cotangent, { copies, visit });
      });
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
        const after: tf.Tensor = current;
        current = stepBack(backs[index], after, walk);
        if (after !== cotangent && after !== current) after.dispose();
      }
      return current;
    },
  };
}

/** One layer's way back; what it made on the way is freed. */
function stepBack(back: Back, cotangent: tf.Tensor, walk: Walk): tf.Tensor | undefined {
  let result: tf.Tensor | undefined;
  tf.tidy(() => {
    result = back(cotangent, walk);
    return result ?? [];
  });
  return result;
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
  const source = slopeSource(name, input, output);
  return { output, back: (cotangent, walk) => timesSlope(cotangent, name, source, walk.copies) };
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
