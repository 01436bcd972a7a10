import * as tf from "@tensorflow/tfjs-core";
import type { ShapedConvolution } from "../network/shapes.js";
import { disposeAll, peek } from "./numbers.js";
import type { RowTarget } from "./siteRows.js";
import { hasBias, type SiteOf } from "./sites.js";

/**
 * Writes the rows of a convolution's kernel and bias: Σ over positions of patch ⊗ δ for every example and cotangent.
 *
 * One convolution gives each row. It runs down the image, whose lines hold every kernel column and channel as a pixel
 * of their own and the W′ places along the line as channels; its kernel is the cotangent as it lies, spread out by the
 * vertical stride. So the product is the row's own piece, the image is copied once for each kernel column and not once
 * for each kernel element, and all the sums are long: the wasm backend has no Conv2DBackpropFilter, runs batched
 * products at a fifteenth of the speed, and copies whole tensors to slice them.
 */
export function writeConvolutionRows(site: SiteOf<"convolution">, copies: number, target: RowTarget): void {
  const { layer } = site;
  const [height, width, filters] = layer.output;
  const [down] = layer.window.strides;
  const columns = layer.window.size[1] * layer.input[2];
  const lines = linesOf(layer);
  // Filled anew for every example and row: TensorFlow.js copies them.
  const spread = new Float32Array(lines * columns * width);
  const cotangent = new Float32Array(height * width * filters);
  for (let example = 0; example < site.input.shape[0]; example++) {
    spreadImage(layer, peek(site.input), example, spread);
    const image = tf.tensor4d(spread, [1, lines, columns, width]);
    for (let row = example * copies; row < (example + 1) * copies; row++) {
      cotangent.set(peek(site.cotangent).subarray(row * cotangent.length, (row + 1) * cotangent.length));
      const factor = tf.tensor4d(cotangent, [height, 1, width, filters]);
      const product = tf.conv2d(image, factor, 1, "valid", "NHWC", [down, 1]);
      const place = (target.firstRow + row) * target.stride + target.firstColumn;
      target.values.set(peek(product), place);
      if (hasBias(layer)) sumPositions(cotangent, target.values, place + product.size, filters);
      disposeAll([factor, product]);
    }
    image.dispose();
  }
}

/** Lines of the image that the kernel touches, from the padding above on. */
function linesOf({ window: { size, strides }, output }: ShapedConvolution): number {
  return (output[0] - 1) * strides[0] + size[0];
}

/** A line of an image as `spread` holds it for each kernel column: [channel][place along the line]. */
interface Line {
  readonly images: Float32Array;
  /** Where the line's first pixel lies. */
  readonly from: number;
  readonly spread: Float32Array;
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
  const lines = linesOf(layer);
  for (let at = 0; at < lines; at++) {
    const y = at - before[0];
    if (y < 0 || y >= height) continue;
    const line = { images, from: (index * height + y) * width * channels, spread };
    for (let column = 0; column < size[1]; column++) {
      const to = (at * size[1] + column) * channels * output[1];
      if (column > 0 && strides[1] === 1) moveLine(layer, column, line, to);
      else turnLine(layer, column, line, to);
    }
  }
}

/** Writes what a kernel column meets of a line, pixel by pixel. */
function turnLine(
  layer: ShapedConvolution,
  column: number,
  { images, from, spread }: Line,
  to: number,
): void {
  const [, width, channels] = layer.input;
  const { strides, before, output } = layer.window;
  const places = output[1];
  const shift = column - before[1];
  const first = Math.max(0, Math.ceil(-shift / strides[1]));
  const end = Math.min(places, Math.ceil((width - shift) / strides[1]));
  const step = strides[1] * channels;
  for (let channel = 0; channel < channels; channel++) {
    let source = from + (first * strides[1] + shift) * channels + channel;
    const start = to + channel * places;
    for (let place = start + first; place < start + end; place++, source += step)
      spread[place] = images[source];
  }
}

/**
 * The same at stride 1 from what the kernel column before met: everything one place on, and a last pixel of its own. A
 * move is several times as fast as turning the line again.
 */
function moveLine(
  layer: ShapedConvolution,
  column: number,
  { images, from, spread }: Line,
  to: number,
): void {
  const [, width, channels] = layer.input;
  const { before, output } = layer.window;
  const places = output[1];
  spread.copyWithin(to, to - channels * places + 1, to);
  const x = places - 1 + column - before[1];
  const inside = x >= 0 && x < width;
  for (let channel = 0; channel < channels; channel++) {
    spread[to + (channel + 1) * places - 1] = inside ? images[from + x * channels + channel] : 0;
  }
}

/** Writes Σ over positions of a cotangent [positions, filters], the bias's piece of a row, summed in float64. */
function sumPositions(cotangent: Float32Array, values: Float32Array, first: number, filters: number): void {
  const sums = new Float64Array(filters);
  for (let from = 0; from < cotangent.length; from += filters) {
    for (let filter = 0; filter < filters; filter++) sums[filter] += cotangent[from + filter];
  }
  values.set(sums, first);
}
