import { parameterLayout, type TensorSlot } from "./layout.js";
import type { Network } from "./network.js";
import { elements, inferShapes, type ShapedLayer } from "./shapes.js";

/** Laws the kernels are drawn from, with what `describe` says of them. */
export const initialisations = {
  he: "kernels N(0, 2 / fan in) (He et al. 2015)",
  glorot: "kernels N(0, 2 / (fan in + fan out)) (Glorot and Bengio 2010)",
  lecun: "kernels N(0, 1 / fan in) (LeCun et al. 1998)",
  theory: "kernels N(0, 1), the last one ±1/√(kK) with random signs (paper §1)",
} as const;

export type InitialisationName = keyof typeof initialisations;

export interface InitialisationOptions {
  readonly initialisation: InitialisationName;
  /** Multiplies the last kernel once, here; a layer's `scale` is something else (design §2). Default 1. */
  readonly outputScale?: number;
  /** Source of independent standard normals; kernels draw from it in layer order, each in row-major order. */
  readonly normal: () => number;
}

/**
 * The flat parameter vector (layout order, totalCount long, float32) a network starts from: kernels of the chosen law,
 * biases, betas and moving means 0, gammas and moving variances 1. The fan in of a convolution is height·width·in.
 */
export function initialParameters(network: Network, options: InitialisationOptions): Float32Array {
  const layout = parameterLayout(network);
  const slots = new Map(layout.tensors.map((slot) => [slot.name, slot]));
  const parameters = new Float32Array(layout.totalCount);
  const kernels = kernelNames(inferShapes(network).layers).map((name) => slots.get(name) as TensorSlot);
  kernels.forEach((slot, index) => {
    const values = parameters.subarray(slot.offset, slot.offset + slot.size);
    const isLast = index === kernels.length - 1;
    drawKernel(values, slot.shape, isLast, options);
  });
  for (const slot of layout.tensors) {
    if (/\/(gamma|movingVariance)$/.test(slot.name)) {
      parameters.fill(1, slot.offset, slot.offset + slot.size);
    }
  }
  return parameters;
}

/** Names of all kernels in layer order, trainable or not: adding a `trainable: false` changes no number drawn. */
export function kernelNames(layers: readonly ShapedLayer[]): string[] {
  return layers.flatMap((shaped) => {
    if (shaped.type === "dense" || shaped.type === "conv2d") return [`${shaped.layer.name}/kernel`];
    return shaped.type === "residual" ? kernelNames([...shaped.main, ...shaped.shortcut]) : [];
  });
}

function drawKernel(
  values: Float32Array,
  shape: readonly number[],
  isLast: boolean,
  { initialisation, outputScale = 1, normal }: InitialisationOptions,
): void {
  const outputs = shape[shape.length - 1];
  const fanIn = elements(shape) / outputs;
  const scale = isLast ? outputScale : 1;
  if (initialisation === "theory" && isLast) {
    const size = scale / Math.sqrt(fanIn * outputs);
    for (let index = 0; index < values.length; index += 1) values[index] = normal() < 0 ? -size : size;
    return;
  }
  const fanOut = elements(shape) / shape[shape.length - 2];
  const variance = { he: 2 / fanIn, glorot: 2 / (fanIn + fanOut), lecun: 1 / fanIn, theory: 1 }[
    initialisation
  ];
  const deviation = scale * Math.sqrt(variance);
  for (let index = 0; index < values.length; index += 1) values[index] = deviation * normal();
}
