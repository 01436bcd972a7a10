import * as tf from "@tensorflow/tfjs-core";
import type { ShapedConvolution } from "../network/shapes.js";
import { disposeAll, peek } from "./numbers.js";
import type { RowTarget } from "./siteRows.js";
import { hasBias, type SiteOf } from "./sites.js";

/**
 * Writes the rows of a convolution's kernel and bias: Σ over positions of patch ⊗ δ for every example and cotangent.
 *
 * One product gives each row: the example's patches, a line for each kernel element and channel, times the cotangent as
 * it lies. It comes in the kernel's own order and its sums are long. The wasm backend has no Conv2DBackpropFilter, runs
 * batched products at a fifteenth of the speed, copies whole tensors to slice them, and packs the kernel of a convolution
 * three times as slowly as a product's right factor.
 */
export function writeConvolutionRows(site: SiteOf<"convolution">, copies: number, target: RowTarget): void {
  const { layer } = site;
  const [height, width, filters] = layer.output;
  const [rows, columns] = layer.window.size;
  const positions = height * width;
  const elements = rows * columns * layer.input[2];
  // Filled anew for every example and row: TensorFlow.js copies them.
  const patches = new Float32Array(elements * positions);
  const turned = new Float32Array(layer.input[2] * linesOf(layer) * width);
  const cotangent = new Float32Array(positions * filters);
  for (let example = 0; example < site.input.shape[0]; example++) {
    writePatches(layer, peek(site.input), example, turned, patches);
    const left = tf.tensor2d(patches, [elements, positions]);
    for (let row = example * copies; row < (example + 1) * copies; row++) {
      cotangent.set(peek(site.cotangent).subarray(row * cotangent.length, (row + 1) * cotangent.length));
      const right = tf.tensor2d(cotangent, [positions, filters]);
      const product = tf.matMul(left, right);
      const place = (target.firstRow + row) * target.stride + target.firstColumn;
      target.values.set(peek(product), place);
      if (hasBias(layer)) sumPositions(cotangent, target.values, place + product.size, filters);
      disposeAll([right, product]);
    }
    left.dispose();
  }
}

/** Lines of the image that the kernel touches, from the padding above on. */
function linesOf({ window: { size, strides }, output }: ShapedConvolution): number {
  return (output[0] - 1) * strides[0] + size[0];
}

/**
 * Writes image `index` of NHWC images as patches, [kernel row][kernel column][channel][position].
 *
 * @param turned room for [channel][line][place along the line], zeros in lines of padding.
 */
function writePatches(
  layer: ShapedConvolution,
  images: Float32Array,
  index: number,
  turned: Float32Array,
  patches: Float32Array,
): void {
  const [, , channels] = layer.input;
  const { size, strides, output } = layer.window;
  const [rows, columns] = size;
  const [height, width] = output;
  const image = images.subarray(index * layer.input[0] * layer.input[1] * channels);
  const lines = linesOf(layer);
  // Windows that move down line by line meet neighbouring lines: one move takes them all.
  const together = strides[0] === 1 ? height * width : width;
  for (let column = 0; column < columns; column++) {
    if (column > 0 && strides[1] === 1) moveOn(layer, image, column, turned);
    else turn(layer, image, column, turned);
    for (let row = 0; row < rows; row++) {
      for (let channel = 0; channel < channels; channel++) {
        const to = ((row * columns + column) * channels + channel) * height * width;
        let from = (channel * lines + row) * width;
        for (let done = 0; done < height * width; done += together, from += strides[0] * width) {
          patches.set(turned.subarray(from, from + together), to + done);
        }
      }
    }
  }
}

/** Writes the pixels that a kernel column meets as the window moves along the lines, zeros where it hangs over their ends. */
function turn(layer: ShapedConvolution, image: Float32Array, column: number, turned: Float32Array): void {
  const [height, width, channels] = layer.input;
  const { strides, before, output } = layer.window;
  const lines = linesOf(layer);
  const shift = column - before[1];
  const first = Math.max(0, Math.ceil(-shift / strides[1]));
  const end = Math.max(first, Math.min(output[1], Math.ceil((width - shift) / strides[1])));
  const step = strides[1] * channels;
  for (let line = Math.max(0, before[0]); line < Math.min(lines, height + before[0]); line++) {
    const start = ((line - before[0]) * width + first * strides[1] + shift) * channels;
    for (let channel = 0; channel < channels; channel++) {
      const to = (channel * lines + line) * output[1];
      for (let place = to; place < to + first; place++) turned[place] = 0;
      for (let place = to + end; place < to + output[1]; place++) turned[place] = 0;
      let source = start + channel;
      for (let place = to + first; place < to + end; place++, source += step) turned[place] = image[source];
    }
  }
}

/**
 * The same at stride 1 from what the kernel column before met: everything one place on, and a last pixel of its own in
 * every line. A move is several times as fast as turning the image again.
 */
function moveOn(layer: ShapedConvolution, image: Float32Array, column: number, turned: Float32Array): void {
  const [height, width, channels] = layer.input;
  const { before, output } = layer.window;
  const lines = linesOf(layer);
  const x = output[1] - 1 + column - before[1];
  turned.copyWithin(0, 1);
  for (let line = 0; line < lines; line++) {
    const y = line - before[0];
    const inside = x >= 0 && x < width && y >= 0 && y < height;
    for (let channel = 0; channel < channels; channel++) {
      const last = (channel * lines + line + 1) * output[1] - 1;
      turned[last] = inside ? image[(y * width + x) * channels + channel] : 0;
    }
  }
}

/**
 * Writes Σ over positions of a cotangent [positions, filters], the bias's piece of a row, summed in float64: four filters
 * at a time, whose sums stay in registers.
 */
function sumPositions(cotangent: Float32Array, values: Float32Array, first: number, filters: number): void {
  for (let filter = 0; filter < filters; filter += 4) {
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let at = filter; at < cotangent.length; at += filters) {
      a += cotangent[at];
      b += cotangent[at + 1];
      c += cotangent[at + 2];
      d += cotangent[at + 3];
    }
    values.set([a, b, c, d].slice(0, filters - filter), first + filter);
  }
}
