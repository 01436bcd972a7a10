import { networkErrors } from "../../schemas/errors/network.js";
import { type ParameterLayout, parameterLayout, type TensorSlot } from "./layout.js";
import type { Network } from "./network.js";
import type { NamedTensor } from "./safetensors.js";
import { inferShapes, type ShapedLayer } from "./shapes.js";

type Tensors = ReadonlyMap<string, NamedTensor>;

/** Where the tensors came from, for messages. */
export interface WeightSource {
  readonly file: string;
}

/**
 * The flat parameter vector (layout order, float32) of a network from named tensors. Every tensor of the network must be
 * there with its shape (MISSING_WEIGHT, WEIGHT_SHAPE) and no other (EXTRA_WEIGHT).
 */
export function parametersFrom(network: Network, tensors: Tensors, source: WeightSource): Float32Array {
  const layout = parameterLayout(network);
  // Before the vector is made: a layer of 10¹⁵ units is an error that names it, not one of memory.
  refuseUnfit(layout, layout.tensors, tensors, source);
  const parameters = new Float32Array(layout.totalCount);
  copyTensors(layout.tensors, tensors, parameters);
  return parameters;
}

/** WEIGHT_DTYPE for a tensor of integers: it is quantised, or holds no weights. */
export function refuseIntegers(tensors: Tensors, { file }: WeightSource): void {
  for (const { name, values } of tensors.values()) {
    if (values instanceof Int32Array) throw networkErrors.weightDtype(file, name, "I32");
  }
}

/** WEIGHT_VALUE for the first number that is not finite. Weights of a diverged training are a fact, those of a file a mistake. */
export function refuseNonFinite(tensors: Tensors, { file }: WeightSource): void {
  for (const { name, values } of tensors.values()) {
    const index = values.findIndex((value: number) => !Number.isFinite(value));
    if (index !== -1) throw networkErrors.weightValue(file, name, index, values[index]);
  }
}

/**
 * The same for a network whose last dense layer differs from the weights' (another K): every other tensor is copied, and
 * the head keeps the values it has in `fresh`, a newly initialised parameter vector of the network.
 */
export function parametersWithNewHead(
  network: Network,
  tensors: Tensors,
  fresh: Float32Array,
  source: WeightSource,
): Float32Array {
  const layout = parameterLayout(network);
  const head = lastDense(inferShapes(network).layers);
  const isHead = (name: string) => head !== undefined && layerOf(name) === head;
  const parameters = fresh.slice();
  const body = layout.tensors.filter((slot) => !isHead(slot.name));
  refuseUnfit(layout, body, tensors, source);
  copyTensors(body, tensors, parameters);
  return parameters;
}

/** Whether the weights fit the network in everything but their last dense layer, so that the head must be made anew. */
export function headDiffers(network: Network, tensors: Tensors): boolean {
  const head = lastDense(inferShapes(network).layers);
  return parameterLayout(network).tensors.some((slot) => {
    const found = tensors.get(slot.name);
    return layerOf(slot.name) === head && found !== undefined && !sameShape(found.shape, slot.shape);
  });
}

/** The tensors of a flat parameter vector, in layout order; values are views of it. */
export function tensorsFrom(layout: ParameterLayout, parameters: Float32Array): NamedTensor[] {
  return layout.tensors.map(({ name, shape, offset, size }) => ({
    name,
    shape,
    values: parameters.subarray(offset, offset + size),
  }));
}

/** Whether the tensors of these slots are there with their shapes, and none that the network does not have. */
function refuseUnfit(
  layout: ParameterLayout,
  slots: readonly TensorSlot[],
  tensors: Tensors,
  { file }: WeightSource,
): void {
  const known = layout.tensors.map((slot) => slot.name);
  for (const slot of slots) {
    const found = tensors.get(slot.name);
    if (found === undefined) {
      const unclaimed = [...tensors.keys()].filter((name) => !known.includes(name));
      throw networkErrors.missingWeight(file, slot.name, slot.shape, unclaimed);
    }
    if (!sameShape(found.shape, slot.shape)) {
      throw networkErrors.weightShape(file, slot.name, found.shape, slot.shape);
    }
  }
  for (const name of tensors.keys()) {
    if (!known.includes(name)) throw networkErrors.extraWeight(file, name, known);
  }
}

function copyTensors(slots: readonly TensorSlot[], tensors: Tensors, parameters: Float32Array): void {
  for (const { name, offset } of slots) parameters.set(tensors.get(name)!.values, offset);
}

function lastDense(layers: readonly ShapedLayer[]): string | undefined {
  return layers.flatMap((shaped) => (shaped.type === "dense" ? [shaped.layer.name] : [])).at(-1);
}

function layerOf(tensor: string): string {
  return tensor.slice(0, tensor.lastIndexOf("/"));
}

function sameShape(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((side, axis) => side === right[axis]);
}
