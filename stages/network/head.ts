import type { DenseLayer, Layer, Network } from "../../engine/network/network.js";
import { inferShapes } from "../../engine/network/shapes.js";
import { networkErrors } from "../../schemas/errors/network.js";

/** The head of a network: its last dense layer, whose units are the outputs. Undefined when it has no dense layer. */
export function headOf(network: Network): DenseLayer | undefined {
  return denseLayers(network.layers).at(-1);
}

/**
 * The same network with K outputs: only the head's units differ. INVALID_NETWORK when the outputs do not come from a
 * dense layer.
 */
export function withOutputs(network: Network, outputs: number, place: string): Network {
  const head = headOf(network);
  const changed = { ...network, layers: replace(network.layers, head, outputs) };
  if (head === undefined || inferShapes(changed).outputs !== outputs) {
    throw networkErrors.invalidNetwork(
      place,
      `it has ${inferShapes(network).outputs} outputs, the data ${outputs} classes, and its outputs do not come from a dense layer that could be made anew`,
      "Use data with as many classes as the network has outputs.",
      outputs,
    );
  }
  return changed;
}

function denseLayers(layers: readonly Layer[]): readonly DenseLayer[] {
  return layers.flatMap((layer) => {
    if (layer.type === "dense") return [layer];
    return layer.type === "residual" ? denseLayers([...layer.main, ...layer.shortcut]) : [];
  });
}

function replace(layers: readonly Layer[], head: DenseLayer | undefined, units: number): readonly Layer[] {
  return layers.map((layer) => {
    if (layer === head) return { ...layer, units };
    if (layer.type !== "residual") return layer;
    return {
      ...layer,
      main: replace(layer.main, head, units),
      shortcut: replace(layer.shortcut, head, units),
    };
  });
}
