import * as tf from "@tensorflow/tfjs-core";
import type { ShapedConvolution } from "../network/shapes.js";
import type { RowTarget } from "./siteRows.js";
import { hasBias, type SiteOf } from "./sites.js";

/**
 * Writes the rows of a convolution's kernel and bias: Σ over positions of patch ⊗ δ for every example and cotangent.
 *
 * One convolution an example gives them for all its cotangents. It runs down the image, whose lines hold every kernel
 * column and channel as a pixel of their own and the W′ places along the line as channels; its kernel is the cotangents,
 * spread out by the vertical stride. So the product has the kernel's own order, the image is copied once for each
 * kernel column and not once for each kernel element, and all the sums are long: the wasm backend has no
 * Conv2DBackpropFilter, runs batched products at a fifteenth of the speed, and copies whole tensors to slice them.
 */
export function writeConvolutionRows(site: SiteOf<"convolution">, copies: number, target: RowTarget): void {
  const { layer } = site;
  const [height, width, filters] = layer.output;
  const [down] = layer.window.strides;
  const columns = layer.window.size[1] * layer.input[2];
  const lines = linesOf(layer);
  const across = copies * filters;
  const images = site.input.dataSync<"float32">();
  const cotangents = site.cotangent.dataSync<"float32">();
  // Filled anew for every example: TensorFlow.js is done with them when the product is read.
  const spread = new Float32Array(lines * columns * width);
  const kernel = new Float32Array(height * width * across);
  const sums = new Float64Array(across);
  for (let index = 0; index < site.input.shape[0]; index++) {
    spreadImage(layer, images, index, spread);
    turnCotangents(layer, cotangents, index, copies, kernel, sums);
    const product = tf.tidy(() => {
      const image = tf.tensor4d(spread, [1, lines, columns, width]);
      const factor = tf.tensor4d(kernel, [height, 1, width, across]);
      return tf.conv2d(image, factor, 1, "valid", "NHWC", [down, 1]);
    });
    const values = product.dataSync<"float32">();
    product.dispose();
    for (let copy = 0; copy < copies; copy++) {
      const place = (target.firstRow + index * copies + copy) * target.stride + target.firstColumn;
      const end = copyColumns(values, copy * filters, filters, across, target.values, place);
      if (hasBias(layer)) target.values.set(sums.subarray(copy * filters, (copy + 1) * filters), end);
    }
  }
}

/** Lines of the image that the kernel touches, from the padding above on. */
function linesOf({ window: { size, strides }, output }: ShapedConvolution): number {
  return (output[0] - 1) * strides[0] + size[0];
}

/**
 * Writes image `index` of NHWC images as [line][kernel column][channel][place along the line]: the pixels that a kernel
 * column meets as the window moves along. Where it hangs over the edge nothing is written: `spread` holds zeros there.
 */
function spreadImage(
  layer: ShapedConvolution,
  images: Float32Array,
  index: number,
  spread: Float32Array,
): void {
  const [height, width, channels] = layer.input;
  const { size, strides, before, output } = layer.window;
  const places = output[1];
  const lines = linesOf(layer);
  const step = strides[1] * channels;
  for (let line = 0; line < lines; line++) {
    const y = line - before[0];
    if (y < 0 || y >= height) continue;
    const from = (index * height + y) * width;
    for (let column = 0; column < size[1]; column++) {
      const shift = column - before[1];
      const first = Math.max(0, Math.ceil(-shift / strides[1]));
      const end = Math.min(places, Math.ceil((width - shift) / strides[1]));
      const start = (from + first * strides[1] + shift) * channels;
      for (let channel = 0; channel < channels; channel++) {
        const to = ((line * size[1] + column) * channels + channel) * places;
        let source = start + channel;
        for (let place = to + first; place < to + end; place++, source += step) {
          spread[place] = images[source];
        }
      }
    }
  }
}

/**
 * Writes cotangents [copies, H′, W′, filters] of example `index` as `kernel`, [H′, W′, copies, filters], and their sums
 * over positions, the bias's rows, as `sums`, copies × filters.
 */
function turnCotangents(
  layer: ShapedConvolution,
  cotangents: Float32Array,
  index: number,
  copies: number,
  kernel: Float32Array,
  sums: Float64Array,
): void {
  const [height, width, filters] = layer.output;
  const positions = height * width;
  const across = copies * filters;
  sums.fill(0);
  let from = index * positions * across;
  for (let first = 0; first < across; first += filters) {
    for (let to = first; to < kernel.length; to += across) {
      for (let filter = 0; filter < filters; filter++, from++) {
        kernel[to + filter] = cotangents[from];
        sums[first + filter] += cotangents[from];
      }
    }
  }
}

/** Copies `count` columns of a product to consecutive places, line by line; returns the next place. */
function copyColumns(
  product: Float32Array,
  column: number,
  count: number,
  columns: number,
  target: Float32Array,
  first: number,
): number {
  let place = first;
  for (let line = column; line < product.length; line += columns) {
    for (let at = line; at < line + count; at++) target[place++] = product[at];
  }
  return place;
}
