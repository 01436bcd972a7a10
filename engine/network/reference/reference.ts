import { networkErrors } from "../../../schemas/errors/network.js";
import { type ParameterLayout, parameterLayout } from "../layout.js";
import type { Network } from "../network.js";
import { activationOf, elements, inferShapes, type ShapedLayer } from "../shapes.js";
import { convolutionNode, denseNode } from "./affine.js";
import { chain, type ReferenceNode, type ReferenceTensor } from "./node.js";
import { activationNode, normalizationNode, scaleNode } from "./pointwise.js";
import { averagePoolingNode, globalAveragePoolingNode, maxPoolingNode } from "./pooling.js";
import { padShortcutNode, residualNode } from "./structure.js";

/**
 * The network in plain float64 loops, one example and one cotangent at a time: the independent oracle of the engines,
 * and the float64 rows of an engine without float64 arithmetic.
 */
export interface ReferenceModel {
  readonly layout: ParameterLayout;
  /** K. */
  readonly outputs: number;
  /** Replaces the parameters (flat, layout order, totalCount long; WRONG_SIZE otherwise). */
  load(parameters: ArrayLike<number>): void;
  /** f(x), K long, for one example of d features. A fresh array. */
  forward(example: ArrayLike<number>): Float64Array;
  /** Writes the K rows of J of one example to `rows` (K·p long, from its start) and returns f(x). */
  rows(example: ArrayLike<number>, rows: Float64Array): Float64Array;
}

/** Builds the reference of a network; parameters are zero until loaded. Throws what `inferShapes` throws. */
export function referenceModel(network: Network): ReferenceModel {
  const shaped = inferShapes(network);
  const layout = parameterLayout(network);
  const parameters = new Float64Array(layout.totalCount);
  const tensors = new Map<string, ReferenceTensor>(
    layout.tensors.map((slot) => [
      slot.name,
      {
        values: parameters.subarray(slot.offset, slot.offset + slot.size),
        column: slot.trainable ? slot.offset : undefined,
      },
    ]),
  );
  const nodes = chain(shaped.layers.map((layer) => nodeOf(layer, tensors)));
  const columns = layout.trainableCount;

  function forward(example: ArrayLike<number>): Float64Array {
    if (example.length !== shaped.features) {
      throw networkErrors.wrongSize("an example", `${example.length} numbers`, `${shaped.features}`);
    }
    return nodes.forward(Float64Array.from(example)).slice();
  }

  return {
    layout,
    outputs: shaped.outputs,
    load(values) {
      if (values.length !== layout.totalCount) {
        throw networkErrors.wrongSize(
          "the parameter vector",
          `${values.length} long`,
          `${layout.totalCount}`,
        );
      }
      parameters.set(values);
    },
    forward,
    rows(example, rows) {
      const output = forward(example);
      const cotangent = new Float64Array(shaped.outputs);
      rows.fill(0, 0, shaped.outputs * columns);
      for (let k = 0; k < shaped.outputs; k += 1) {
        cotangent.fill(0);
        cotangent[k] = 1;
        nodes.backward(cotangent, rows.subarray(k * columns, (k + 1) * columns));
      }
      return output;
    },
  };
}

function nodeOf(shaped: ShapedLayer, tensors: ReadonlyMap<string, ReferenceTensor>): ReferenceNode {
  const tensor = (layer: string, part: string) => tensors.get(`${layer}/${part}`) as ReferenceTensor;
  const size = elements(shaped.output);
  switch (shaped.type) {
    case "dense": {
      const { name, scale = 1 } = shaped.layer;
      const bias = tensors.get(`${name}/bias`);
      const affine = denseNode(elements(shaped.input), size, tensor(name, "kernel"), bias);
      return chain([affine, activationNode(size, activationOf(shaped.layer)), scaleNode(size, scale)]);
    }
    case "conv2d": {
      const { name } = shaped.layer;
      const { input, output, window } = shaped;
      const bias = tensors.get(`${name}/bias`);
      const affine = convolutionNode(input, output, window, tensor(name, "kernel"), bias);
      return chain([affine, activationNode(size, activationOf(shaped.layer))]);
    }
    case "activation":
      return activationNode(size, shaped.layer.activation);
    case "batchNormalization": {
      const { name, epsilon = 1e-3 } = shaped.layer;
      return normalizationNode(
        size,
        epsilon,
        tensor(name, "gamma"),
        tensor(name, "beta"),
        tensor(name, "movingMean"),
        tensor(name, "movingVariance"),
      );
    }
    case "maxPooling2d":
      return maxPoolingNode(shaped.input, shaped.output, shaped.window);
    case "averagePooling2d":
      return averagePoolingNode(shaped.input, shaped.output, shaped.window);
    case "globalAveragePooling2d":
      return globalAveragePoolingNode(shaped.input);
    case "flatten":
      return chain([]);
    case "padShortcut":
      return padShortcutNode(shaped.input, shaped.output, shaped.layer.strides, shaped.layer.channels[0]);
    case "residual": {
      const main = chain(shaped.main.map((layer) => nodeOf(layer, tensors)));
      const shortcut = chain(shaped.shortcut.map((layer) => nodeOf(layer, tensors)));
      return residualNode(elements(shaped.input), size, main, shortcut);
    }
  }
}
