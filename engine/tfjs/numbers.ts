import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

/** Numbers of a product's right factor up to which the wasm backend keeps it in cache: beyond, it runs at half the speed. */
export const fastNumbers = 640_000;

/** Σ x² of a stretch of float32 values, in float64. */
export function squaredNorm(values: Float32Array, start: number, length: number): number {
  let sum = 0;
  for (let index = start; index < start + length; index++) sum += values[index] * values[index];
  return sum;
}

/** A kept sum with one more share, in the old one's place. */
export function addTo<Rank extends tf.Rank>(
  sum: tf.Tensor<Rank> | undefined,
  share: () => tf.Tensor<Rank>,
): tf.Tensor<Rank> {
  const added = tf.tidy(() => tf.keep(sum === undefined ? share() : tf.add(sum, share())));
  sum?.dispose();
  return added as tf.Tensor<Rank>;
}

export function disposeAll(tensors: readonly (tf.Tensor | undefined)[]): void {
  for (const tensor of tensors) tensor?.dispose();
}

/** A tensor's values without a copy where the backend allows it: for reading before the next operation. */
export function peek(tensor: tf.Tensor): Float32Array {
  const backend = tf.backend() as Partial<BackendWasm>;
  const view = backend.typedArrayFromHeap?.(tensor);
  return (view as Float32Array | undefined) ?? tensor.dataSync<"float32">();
}
