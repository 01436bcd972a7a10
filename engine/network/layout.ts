import type { Network } from "./network.js";
import { elements, inferShapes, type ShapedLayer } from "./shapes.js";

/** One tensor of a network's parameters and its place in the flat parameter vector. */
export interface TensorSlot {
  /** `layer/kernel`, `layer/bias`, `layer/gamma`, `layer/beta`, `layer/movingMean`, `layer/movingVariance`. */
  readonly name: string;
  /** Kernels are [height, width, in, out] or [in, out]; the rest [channels]. */
  readonly shape: readonly number[];
  readonly trainable: boolean;
  /** First element in the flat vector. A trainable tensor's offset is also its first column of J. */
  readonly offset: number;
  readonly size: number;
}

/**
 * The flat parameter vector of a network: float32, all trainable tensors first (0 … trainableCount, the columns of J),
 * then the others, each group in the order of the layers (a residual's main before its shortcut).
 */
export interface ParameterLayout {
  readonly tensors: readonly TensorSlot[];
  /** p, the number of columns of J. */
  readonly trainableCount: number;
  readonly totalCount: number;
}

type UnplacedTensor = Omit<TensorSlot, "offset">;

/**
 * Names, shapes and places of every tensor of a network. Moving statistics and the tensors of a layer with
 * `trainable: false` come after the trainable ones. Throws what `inferShapes` throws.
 */
export function parameterLayout(network: Network): ParameterLayout {
  const tensors = inferShapes(network).layers.flatMap(tensorsOf);
  const inOrder = [...tensors.filter((tensor) => tensor.trainable), ...tensors.filter((t) => !t.trainable)];
  let offset = 0;
  const slots = inOrder.map((tensor) => {
    const slot = { ...tensor, offset };
    offset += tensor.size;
    return slot;
  });
  const trainableCount = slots.reduce((sum, slot) => sum + (slot.trainable ? slot.size : 0), 0);
  return { tensors: slots, trainableCount, totalCount: offset };
}

function tensorsOf(shaped: ShapedLayer): UnplacedTensor[] {
  switch (shaped.type) {
    case "dense":
    case "conv2d": {
      const { name, useBias = true, trainable = true } = shaped.layer;
      const outputs = shaped.output.at(-1) ?? 0;
      const inputs = shaped.input.at(-1) ?? 0;
      const shape = shaped.type === "conv2d" ? [...shaped.window.size, inputs, outputs] : [inputs, outputs];
      const kernel = tensor(name, "kernel", shape, trainable);
      return useBias ? [kernel, tensor(name, "bias", [outputs], trainable)] : [kernel];
    }
    case "batchNormalization": {
      const { name, trainable = true } = shaped.layer;
      const shape = [shaped.input.at(-1) ?? 0];
      return [
        tensor(name, "gamma", shape, trainable),
        tensor(name, "beta", shape, trainable),
        tensor(name, "movingMean", shape, false),
        tensor(name, "movingVariance", shape, false),
      ];
    }
    case "residual":
      return [...shaped.main, ...shaped.shortcut].flatMap(tensorsOf);
    default:
      return [];
  }
}

function tensor(layer: string, part: string, shape: readonly number[], trainable: boolean): UnplacedTensor {
  return { name: `${layer}/${part}`, shape, trainable, size: elements(shape) };
}
