import { elements, type ShapedPooling } from "../network/shapes.js";

/**
 * Where each pooled value comes from. Maximum: the winning element's place in its image, the first of equals.
 * Plain loops: the wasm kernels leave the choice among equals open, and pooling is a small part of the work.
 */
export interface Pooled {
  readonly values: Float32Array;
  /** n × output elements; for maximum pooling only. */
  readonly winners: Int32Array | undefined;
}

/** Pools n images. Padding counts neither as a maximum nor in an average. */
export function pool(layer: ShapedPooling, images: Float32Array, n: number): Pooled {
  const inputSize = elements(layer.input);
  const outputSize = elements(layer.output);
  const values = new Float32Array(n * outputSize);
  const winners = layer.type === "maxPooling2d" ? new Int32Array(n * outputSize) : undefined;
  for (let i = 0; i < n; i++) {
    const image = i * inputSize;
    forEachPool(layer, (output, places, count) => {
      let sum = 0;
      let best = places[0];
      for (let e = 0; e < count; e++) {
        const value = images[image + places[e]];
        sum += value;
        if (value > images[image + best]) best = places[e];
      }
      if (winners === undefined) values[i * outputSize + output] = sum / count;
      else {
        values[i * outputSize + output] = images[image + best];
        winners[i * outputSize + output] = best;
      }
    });
  }
  return { values, winners };
}

/** Carries cotangents (n · copies × output) back to the pooled images (n · copies × input). */
export function poolBack(
  layer: ShapedPooling,
  pooled: Pooled,
  cotangents: Float32Array,
  n: number,
  copies: number,
): Float32Array {
  const inputSize = elements(layer.input);
  const outputSize = elements(layer.output);
  const result = new Float32Array(n * copies * inputSize);
  const { winners } = pooled;
  for (let row = 0; row < n * copies; row++) {
    const image = row * inputSize;
    const from = row * outputSize;
    if (winners !== undefined) {
      const chosen = Math.floor(row / copies) * outputSize;
      for (let output = 0; output < outputSize; output++) {
        const place = image + winners[chosen + output];
        result[place] += cotangents[from + output];
      }
    } else {
      forEachPool(layer, (output, places, count) => {
        const share = cotangents[from + output] / count;
        for (let e = 0; e < count; e++) {
          const place = image + places[e];
          result[place] += share;
        }
      });
    }
  }
  return result;
}

function forEachPool(
  layer: ShapedPooling,
  visit: (output: number, places: Int32Array, count: number) => void,
): void {
  const [height, width, channels] = layer.input as [number, number, number];
  const { size, strides, before, output } = layer.window;
  const places = new Int32Array(size[0] * size[1]);
  for (let row = 0; row < output[0]; row++) {
    for (let column = 0; column < output[1]; column++) {
      for (let channel = 0; channel < channels; channel++) {
        let count = 0;
        for (let poolRow = 0; poolRow < size[0]; poolRow++) {
          const y = row * strides[0] + poolRow - before[0];
          if (y < 0 || y >= height) continue;
          for (let poolColumn = 0; poolColumn < size[1]; poolColumn++) {
            const x = column * strides[1] + poolColumn - before[1];
            if (x < 0 || x >= width) continue;
            places[count++] = (y * width + x) * channels + channel;
          }
        }
        visit((row * output[1] + column) * channels + channel, places, count);
      }
    }
  }
}
