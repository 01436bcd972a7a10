import type { Network } from "../engine/network/network.js";
import { elements, inferShapes, type ShapedLayer } from "../engine/network/shapes.js";

/** Useful floating-point operations of one example, a multiply-add counted as two. Only products are counted. */
export interface Flops {
  readonly forward: number;
  /** K × (data gradients + weight gradients); the input needs no gradient. */
  readonly backward: number;
  /** JQ and JᵀY of b columns, the cheaper of the two ways for every layer: 4Kp_l b, or fused. */
  readonly products: (columns: number) => number;
}

interface Layer {
  readonly kernel: number;
  readonly positions: number;
  readonly first: boolean;
  readonly parameters: number;
  readonly units: number;
  readonly dense: boolean;
}

export function flopsOf(network: Network, outputs: number): Flops {
  const layers = leaves(inferShapes(network).layers).flatMap((layer, index): Layer[] => {
    if (layer.type !== "dense" && layer.type !== "conv2d") return [];
    const bias = layer.layer.useBias === false ? 0 : 1;
    const units = layer.output.at(-1) ?? 0;
    const depth = layer.type === "dense" ? layer.input[0] : elements(layer.window.size) * layer.input[2];
    const positions = layer.type === "dense" ? 1 : layer.output[0] * layer.output[1];
    const kernel = depth * units;
    const parameters = kernel + bias * units;
    return [{ kernel, positions, first: index === 0, parameters, units, dense: layer.type === "dense" }];
  });
  const sum = (of: (layer: Layer) => number) => layers.reduce((total, layer) => total + of(layer), 0);
  return {
    forward: sum(({ kernel, positions }) => 2 * kernel * positions),
    backward:
      outputs *
      sum(({ kernel, positions, first, dense }) => {
        // A dense layer's rows are the products of its factors: no work of their own.
        const weights = dense ? 0 : 2 * kernel * positions;
        return (first ? 0 : 2 * kernel * positions) + weights;
      }),
    products: (columns) =>
      sum(({ parameters, positions, units, dense }) =>
        dense || positions < outputs
          ? 4 * columns * positions * (parameters + outputs * units)
          : 4 * outputs * parameters * columns,
      ),
  };
}

function leaves(layers: readonly ShapedLayer[]): ShapedLayer[] {
  return layers.flatMap((layer) =>
    layer.type === "residual" ? leaves([...layer.main, ...layer.shortcut]) : [layer],
  );
}
