import type { Network } from "./network.js";
import { elements, inferShapes, type ShapedLayer } from "./shapes.js";

/** Operations of a network; a multiply-add counts as two. */
export interface NetworkCost {
  /** f(x; w) of one example. */
  readonly forwardFlops: number;
  /** Forward and backward of one example for the gradient of a loss. */
  readonly gradientFlops: number;
  /** Forward and K backward passes of one example (design §5: 0.57 GFLOP for ResNet20 at K = 3). */
  readonly passFlops: number;
  /** Y = JQ and Z = JᵀY for one example and one column of Q, by rows or fused, whichever is less. */
  readonly productFlops: number;
  /** J Jᵀ of n examples: dense layers by (AAᵀ + 1) ⊙ ΔΔᵀ, convolutions by their rows; symmetric halves. */
  readonly gramFlops: (examples: number) => number;
  /** Numbers that the layers of one example give. */
  readonly activations: number;
  /** Columns of J that belong to convolutions, whose rows are formed. */
  readonly formedColumns: number;
}

/** Counts dense and convolution layers; what the others take is little beside them. */
export function networkCost(network: Network): NetworkCost {
  const { layers, outputs } = inferShapes(network);
  let forward = 0;
  let perPair = 0;
  let productFlops = 0;
  let activations = 0;
  let formedColumns = 0;
  for (const layer of leaves(layers)) {
    activations += elements(layer.output);
    if (layer.type === "dense") {
      const kernel = layer.input[0] * layer.output[0];
      forward += 2 * kernel;
      perPair += layer.input[0] + outputs ** 2 * layer.output[0];
      productFlops += 4 * (kernel + outputs * layer.output[0]);
    } else if (layer.type === "conv2d") {
      const kernel = elements(layer.window.size) * layer.input[2] * layer.output[2];
      const positions = layer.output[0] * layer.output[1];
      forward += 2 * kernel * positions;
      perPair += outputs ** 2 * kernel;
      formedColumns += kernel + layer.output[2];
      productFlops += 4 * kernel * Math.min(positions, outputs);
    }
  }
  return {
    forwardFlops: forward,
    gradientFlops: 3 * forward,
    passFlops: forward * (1 + 2 * outputs),
    productFlops,
    gramFlops: (examples) => examples ** 2 * perPair,
    activations,
    formedColumns,
  };
}

function leaves(layers: readonly ShapedLayer[]): ShapedLayer[] {
  return layers.flatMap((layer) =>
    layer.type === "residual" ? leaves([...layer.main, ...layer.shortcut]) : [layer],
  );
}
