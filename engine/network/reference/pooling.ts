import type { Window } from "../window.js";
import type { ReferenceNode } from "./node.js";

interface Pool {
  /** Input pixels (without channel) of every output pixel's window that lie inside the image, row by row. */
  readonly pixels: readonly Int32Array[];
  readonly channels: number;
  readonly inputSize: number;
}

function poolOf(input: readonly number[], output: readonly number[], window: Window): Pool {
  const [height, width, channels] = input;
  const pixels: Int32Array[] = [];
  for (let oy = 0; oy < output[0]; oy += 1) {
    for (let ox = 0; ox < output[1]; ox += 1) {
      const inside: number[] = [];
      for (let ky = 0; ky < window.size[0]; ky += 1) {
        for (let kx = 0; kx < window.size[1]; kx += 1) {
          const iy = oy * window.strides[0] + ky - window.before[0];
          const ix = ox * window.strides[1] + kx - window.before[1];
          if (iy >= 0 && iy < height && ix >= 0 && ix < width) inside.push(iy * width + ix);
        }
      }
      pixels.push(Int32Array.from(inside));
    }
  }
  return { pixels, channels, inputSize: height * width * channels };
}

/** The largest of each window; the derivative goes to the first of equals, row by row. Padding takes no part. */
export function maxPoolingNode(
  input: readonly number[],
  output: readonly number[],
  window: Window,
): ReferenceNode {
  const { pixels, channels, inputSize } = poolOf(input, output, window);
  const result = new Float64Array(pixels.length * channels);
  const chosen = new Int32Array(result.length);
  const inputCotangent = new Float64Array(inputSize);
  return {
    forward(values) {
      pixels.forEach((inside, pixel) => {
        for (let channel = 0; channel < channels; channel += 1) {
          let best = inside[0] * channels + channel;
          for (const other of inside) {
            if (values[other * channels + channel] > values[best]) best = other * channels + channel;
          }
          result[pixel * channels + channel] = values[best];
          chosen[pixel * channels + channel] = best;
        }
      });
      return result;
    },
    backward(cotangent) {
      inputCotangent.fill(0);
      for (let at = 0; at < chosen.length; at += 1) inputCotangent[chosen[at]] += cotangent[at];
      return inputCotangent;
    },
  };
}

/** The mean of each window over the pixels inside the image: padding is not counted. */
export function averagePoolingNode(
  input: readonly number[],
  output: readonly number[],
  window: Window,
): ReferenceNode {
  const { pixels, channels, inputSize } = poolOf(input, output, window);
  const result = new Float64Array(pixels.length * channels);
  const inputCotangent = new Float64Array(inputSize);
  return {
    forward(values) {
      result.fill(0);
      pixels.forEach((inside, pixel) => {
        for (const other of inside) {
          for (let channel = 0; channel < channels; channel += 1) {
            result[pixel * channels + channel] += values[other * channels + channel] / inside.length;
          }
        }
      });
      return result;
    },
    backward(cotangent) {
      inputCotangent.fill(0);
      pixels.forEach((inside, pixel) => {
        for (const other of inside) {
          for (let channel = 0; channel < channels; channel += 1) {
            inputCotangent[other * channels + channel] +=
              cotangent[pixel * channels + channel] / inside.length;
          }
        }
      });
      return inputCotangent;
    },
  };
}

/** The mean of every channel over the image. */
export function globalAveragePoolingNode(input: readonly number[]): ReferenceNode {
  const whole: Window = {
    size: [input[0], input[1]],
    strides: [1, 1],
    before: [0, 0],
    after: [0, 0],
    output: [1, 1],
  };
  return averagePoolingNode(input, [1, 1, input[2]], whole);
}
