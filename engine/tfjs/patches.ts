import type { ShapedConvolution } from "../network/shapes.js";

/**
 * Patches of image `index`, transposed: row (kernel row, kernel column, channel), column pixel by pixel; zeros where the
 * window hangs over the edge.
 *
 * @param images NHWC, any number of images of the layer's input shape.
 */
export function transposedPatches(
  layer: ShapedConvolution,
  images: Float32Array,
  index: number,
): Float32Array {
  const [height, width, channels] = layer.input;
  const { size, strides, before, output } = layer.window;
  const positions = output[0] * output[1];
  const patches = new Float32Array(size[0] * size[1] * channels * positions);
  const image = index * height * width * channels;
  const step = strides[1] * channels;
  for (let kernelRow = 0; kernelRow < size[0]; kernelRow++) {
    for (let kernelColumn = 0; kernelColumn < size[1]; kernelColumn++) {
      const line = (kernelRow * size[1] + kernelColumn) * channels;
      const from = Math.max(0, Math.ceil((before[1] - kernelColumn) / strides[1]));
      const to = Math.min(output[1], Math.ceil((width + before[1] - kernelColumn) / strides[1]));
      for (let row = 0; row < output[0]; row++) {
        const y = row * strides[0] + kernelRow - before[0];
        if (y < 0 || y >= height) continue;
        const first = image + (y * width + from * strides[1] + kernelColumn - before[1]) * channels;
        for (let channel = 0; channel < channels; channel++) {
          const target = (line + channel) * positions + row * output[1];
          let source = first + channel;
          for (let column = from; column < to; column++, source += step) {
            patches[target + column] = images[source];
          }
        }
      }
    }
  }
  return patches;
}
