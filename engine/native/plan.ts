import type { ParameterLayout } from "../network/layout.js";
import type { Activation } from "../network/network.js";
import {
  activationOf,
  elements,
  type Shape,
  type ShapedLayer,
  type ShapedNetwork,
} from "../network/shapes.js";
import type { Window } from "../network/window.js";

/** The network as core/plan.hpp reads it: integers for shapes and operations, two numbers an operation. */
export interface NativePlan {
  readonly codes: Int32Array;
  readonly numbers: Float64Array;
}

const version = 1;
const kinds = {
  convolution: 1,
  dense: 2,
  activation: 3,
  normalization: 4,
  maximumPooling: 5,
  averagePooling: 6,
  globalPooling: 7,
  flatten: 8,
  padShortcut: 9,
  add: 10,
  scale: 11,
} as const;
const activations: Readonly<Record<Activation, number>> = {
  linear: 0,
  relu: 1,
  tanh: 2,
  sigmoid: 3,
  softplus: 4,
  gelu: 5,
  erf: 6,
};

interface Operation {
  readonly kind: keyof typeof kinds;
  readonly input: number;
  readonly second?: number;
  output: number;
  activation: Activation;
  readonly trainable?: boolean;
  /** Offsets of kernel or gamma, bias or beta, moving mean and variance. */
  readonly tensors?: readonly [number, number, number, number];
  readonly window?: Window;
  readonly strides?: number;
  readonly channelsBefore?: number;
  readonly numbers?: readonly [number, number];
}

/** Operations whose result an activation may be applied to in the same pass. */
const fusable: ReadonlySet<Operation["kind"]> = new Set(["convolution", "dense", "normalization", "add"]);

/** Compiles a network to values (shapes) and operations in the order of evaluation. A residual becomes a sum. */
export function compilePlan(network: ShapedNetwork, layout: ParameterLayout): NativePlan {
  const values: Shape[] = [network.input];
  const operations: Operation[] = [];
  const readers = new Map<number, number>();
  const offsets = new Map(layout.tensors.map((slot) => [slot.name, slot.offset]));
  const offset = (layer: string, part: string) => offsets.get(`${layer}/${part}`) ?? -1;

  function emit(operation: Omit<Operation, "output" | "activation">, shape: Shape, activation: Activation) {
    const output = values.push(shape) - 1;
    for (const read of [operation.input, operation.second]) {
      if (read !== undefined) readers.set(read, (readers.get(read) ?? 0) + 1);
    }
    operations.push({ ...operation, output, activation });
    return output;
  }

  function activate(input: number, shape: Shape, activation: Activation): number {
    const last = operations.at(-1);
    const fits = last !== undefined && last.output === input && last.activation === "linear";
    if (activation === "linear") return input;
    if (fits && fusable.has(last.kind) && !readers.has(input)) {
      last.activation = activation;
      return input;
    }
    return emit({ kind: "activation", input }, shape, activation);
  }

  function stack(layers: readonly ShapedLayer[], input: number): number {
    return layers.reduce((value, layer) => lower(layer, value), input);
  }

  function lower(shaped: ShapedLayer, input: number): number {
    const { output: shape } = shaped;
    switch (shaped.type) {
      case "dense": {
        const { name, trainable = true, scale = 1 } = shaped.layer;
        const tensors = [offset(name, "kernel"), offset(name, "bias"), -1, -1] as const;
        const value = emit({ kind: "dense", input, trainable, tensors }, shape, activationOf(shaped.layer));
        return scale === 1
          ? value
          : emit({ kind: "scale", input: value, numbers: [scale, 0] }, shape, "linear");
      }
      case "conv2d": {
        const { name, trainable = true } = shaped.layer;
        const tensors = [offset(name, "kernel"), offset(name, "bias"), -1, -1] as const;
        const { window } = shaped;
        return emit(
          { kind: "convolution", input, trainable, tensors, window },
          shape,
          activationOf(shaped.layer),
        );
      }
      case "activation":
        return activate(input, shape, shaped.layer.activation);
      case "batchNormalization": {
        const { name, trainable = true, epsilon = 1e-3, momentum = 0.99 } = shaped.layer;
        const parts = ["gamma", "beta", "movingMean", "movingVariance"] as const;
        const [gamma, beta, mean, variance] = parts.map((part) => offset(name, part));
        return emit(
          {
            kind: "normalization",
            input,
            trainable,
            tensors: [gamma, beta, mean, variance],
            numbers: [epsilon, momentum],
          },
          shape,
          "linear",
        );
      }
      case "maxPooling2d":
        return emit({ kind: "maximumPooling", input, window: shaped.window }, shape, "linear");
      case "averagePooling2d":
        return emit({ kind: "averagePooling", input, window: shaped.window }, shape, "linear");
      case "globalAveragePooling2d":
        return emit({ kind: "globalPooling", input }, shape, "linear");
      case "flatten":
        return emit({ kind: "flatten", input }, shape, "linear");
      case "padShortcut": {
        const { strides, channels } = shaped.layer;
        return emit({ kind: "padShortcut", input, strides, channelsBefore: channels[0] }, shape, "linear");
      }
      case "residual": {
        // Counted as read from the start, so that no branch writes an activation over what the other one reads.
        readers.set(input, (readers.get(input) ?? 0) + 1);
        const main = stack(shaped.main, input);
        const second = stack(shaped.shortcut, input);
        return emit({ kind: "add", input: main, second }, shape, "linear");
      }
    }
  }

  const output = stack(network.layers, 0);
  const head = [
    version,
    layout.trainableCount,
    layout.totalCount,
    values.length,
    operations.length,
    0,
    output,
  ];
  const codes = [...head, ...values.flatMap(sides), ...operations.flatMap(fields)];
  return {
    codes: Int32Array.from(codes),
    numbers: Float64Array.from(operations.flatMap((operation) => operation.numbers ?? [0, 0])),
  };
}

/** Height, width, channels, and whether it is a vector rather than an image of one pixel. */
function sides(shape: Shape): readonly number[] {
  return shape.length === 3 ? [...shape, 0] : [1, 1, elements(shape), 1];
}

/** The twenty integers of core/plan.hpp. */
function fields(operation: Operation): readonly number[] {
  const { tensors = [-1, -1, -1, -1], window, strides = 1 } = operation;
  return [
    kinds[operation.kind],
    operation.input,
    operation.second ?? -1,
    operation.output,
    activations[operation.activation],
    operation.trainable === true ? 1 : 0,
    ...tensors,
    ...(window?.size ?? [1, 1]),
    ...(window?.strides ?? [strides, strides]),
    ...(window?.before ?? [0, 0]),
    operation.channelsBefore ?? 0,
    0,
    0,
    0,
  ];
}
