import * as tf from "@tensorflow/tfjs-core";
import type { ShapedConvolution } from "../network/shapes.js";
import { spreadPixels } from "./pixels.js";

/**
 * Cross-correlation of n × H × W × C with an HWIO kernel at the layer's own padding, with the bias and, where the layer
 * has it, relu in the same pass.
 */
export function convolve(
  layer: ShapedConvolution,
  x: tf.Tensor4D,
  filter: tf.Tensor4D,
  bias: tf.Tensor | undefined,
): tf.Tensor4D {
  const { before, after, strides } = layer.window;
  const [top, left] = before;
  const [bottom, right] = after;
  const pad = paddedBy(top, bottom, left, right);
  const activation = layer.layer.activation === "relu" ? "relu" : "linear";
  const fused = { x, filter, strides: [...strides] as [number, number], pad, activation } as const;
  return tf.fused.conv2d(bias === undefined ? fused : { ...fused, bias });
}

/** The kernel that carries cotangents back: turned by 180° and with channels exchanged. */
export function backwardKernel(kernel: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.transpose(tf.reverse(kernel, [0, 1]), [0, 1, 3, 2]));
}

/**
 * The cotangent of a convolution's input, as a convolution at stride 1 of the cotangent of its output spread out by
 * the strides: `conv2dTranspose` runs at a tenth of the speed of `conv2d` on the wasm backend.
 */
export function convolveBack(
  layer: ShapedConvolution,
  cotangent: tf.Tensor4D,
  turned: tf.Tensor4D,
): tf.Tensor4D {
  const { size, before, strides } = layer.window;
  const [, height, width] = cotangent.shape;
  const [down, across] = strides;
  const spread =
    down === 1 && across === 1
      ? cotangent
      : spreadPixels(cotangent, [height * down, width * across], strides);
  const [top, left] = [0, 1].map((axis) => size[axis] - 1 - before[axis]);
  const [bottom, right] = [top, left].map(
    (first, axis) => layer.input[axis] + size[axis] - 1 - first - spread.shape[axis + 1],
  );
  if (Math.min(top, bottom, left, right) >= 0) {
    return tf.conv2d(spread, turned, 1, paddedBy(top, bottom, left, right));
  }
  const fitting = resize(resize(spread, 1, top, bottom), 2, left, right);
  return tf.conv2d(fitting, turned, 1, "valid");
}

/** Examples whose products one convolution adds up: longer float32 sums lose digits. */
export const summedExamples = 64;

/**
 * Σ over examples of patchesᵀ δ, HWIO. A convolution too, with the examples in the channels' place: the input as
 * C images of n channels, the cotangents as a kernel [H′, W′, n, filters] spread out by the strides. The wasm backend
 * has no Conv2DBackpropFilter, and patches made in JavaScript take three times as long.
 */
export function kernelGradient(
  layer: ShapedConvolution,
  input: tf.Tensor4D,
  cotangent: tf.Tensor4D,
): tf.Tensor4D {
  const { size, strides, before, after } = layer.window;
  const padding = paddedBy(before[0], after[0], before[1], after[1]);
  const filters = layer.output[2];
  const channels = layer.input[2];
  const n = input.shape[0];
  const shares: tf.Tensor4D[] = [];
  for (let first = 0; first < n; first += summedExamples) {
    const count = Math.min(summedExamples, n - first);
    const images = examplesOf(input, first, count);
    const slopes = examplesOf(cotangent, first, count);
    const turned = tf.transpose(images, [3, 1, 2, 0]);
    const factor = tf.transpose(slopes, [1, 2, 0, 3]);
    // Lines and columns that no window reaches give results beyond the kernel's size.
    const share = tf.conv2d(turned, factor, 1, padding, "NHWC", [...strides]);
    const [, rows, columns] = share.shape;
    const exact = rows === size[0] && columns === size[1];
    shares.push(exact ? share : tf.slice(share, [0, 0, 0, 0], [channels, ...size, filters]));
  }
  return tf.transpose(tf.addN(shares), [1, 2, 0, 3]);
}

/** Zeros around an image that the convolution itself puts there, without a copy. */
function paddedBy(
  top: number,
  bottom: number,
  left: number,
  right: number,
): [[number, number], [number, number], [number, number], [number, number]] {
  return [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
}

function examplesOf(images: tf.Tensor4D, first: number, count: number): tf.Tensor4D {
  const [n, height, width, channels] = images.shape;
  return count === n ? images : tf.slice(images, [first, 0, 0, 0], [count, height, width, channels]);
}

/** Adds zeros before and after along one axis of an image, or cuts where the number is negative. */
function resize(image: tf.Tensor4D, axis: 1 | 2, before: number, after: number): tf.Tensor4D {
  if (before === 0 && after === 0) return image;
  const begin = [0, 0, 0, 0];
  const size = [...image.shape];
  begin[axis] = Math.max(0, -before);
  size[axis] = image.shape[axis] - Math.max(0, -before) - Math.max(0, -after);
  const kept =
    before < 0 || after < 0
      ? tf.slice(image, begin as [number, number, number, number], size as [number, number, number, number])
      : image;
  if (before <= 0 && after <= 0) return kept;
  const paddings: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ];
  paddings[axis] = [Math.max(0, before), Math.max(0, after)];
  return tf.pad(kept, paddings);
}
