import * as tf from "@tensorflow/tfjs-core";
import { peek } from "./numbers.js";

/** Height, width and channels of an image. */
type ImageShape = readonly [number, number, number];

/** Calls `visit` with where every kept pixel of `count` images lies among all pixels and among the kept ones. */
function forEachKept(
  count: number,
  [height, width, channels]: ImageShape,
  [keptHeight, keptWidth]: readonly [number, number],
  [down, across]: readonly [number, number],
  visit: (place: number, kept: number) => void,
): void {
  let kept = 0;
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < keptHeight; y++) {
      const line = (image * height + y * down) * width;
      for (let x = 0; x < keptWidth; x++, kept += channels) visit((line + x * across) * channels, kept);
    }
  }
}

/**
 * Every `strides`-th pixel from 0, `size` of them: n × H × W × C → n × size × C. In JavaScript: `stridedSlice` takes
 * twenty times as long on the wasm backend.
 */
export function keepPixels(
  image: tf.Tensor4D,
  size: readonly [number, number],
  strides: readonly [number, number],
): tf.Tensor4D {
  const [count, height, width, channels] = image.shape;
  const values = new Float32Array(count * size[0] * size[1] * channels);
  const all = peek(image);
  forEachKept(count, [height, width, channels], size, strides, (place, kept) => {
    for (let channel = 0; channel < channels; channel++) values[kept + channel] = all[place + channel];
  });
  return tf.tensor4d(values, [count, ...size, channels]);
}

/** Puts pixels that were kept back where they came from, zeros elsewhere: n × h × w × C → n × size × C. */
export function spreadPixels(
  image: tf.Tensor4D,
  size: readonly [number, number],
  strides: readonly [number, number],
): tf.Tensor4D {
  const [count, height, width, channels] = image.shape;
  const values = new Float32Array(count * size[0] * size[1] * channels);
  const all = peek(image);
  forEachKept(count, [...size, channels], [height, width], strides, (place, kept) => {
    for (let channel = 0; channel < channels; channel++) values[place + channel] = all[kept + channel];
  });
  return tf.tensor4d(values, [count, ...size, channels]);
}
