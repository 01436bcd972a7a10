import type { Window } from "../window.js";
import type { ReferenceNode, ReferenceTensor } from "./node.js";

/** y = x W + b, W [in, out]. */
export function denseNode(
  inputs: number,
  outputs: number,
  kernel: ReferenceTensor,
  bias: ReferenceTensor | undefined,
): ReferenceNode {
  const output = new Float64Array(outputs);
  const inputCotangent = new Float64Array(inputs);
  let seen = new Float64Array(inputs);
  return {
    forward(input) {
      seen = new Float64Array(input);
      const weights = kernel.values;
      if (bias === undefined) output.fill(0);
      else output.set(bias.values);
      for (let i = 0; i < inputs; i += 1) {
        const x = input[i];
        for (let o = 0, at = i * outputs; o < outputs; o += 1, at += 1) output[o] += x * weights[at];
      }
      return output;
    },
    backward(cotangent, row) {
      const weights = kernel.values;
      for (let i = 0; i < inputs; i += 1) {
        let sum = 0;
        for (let o = 0, at = i * outputs; o < outputs; o += 1, at += 1) sum += weights[at] * cotangent[o];
        inputCotangent[i] = sum;
      }
      if (kernel.column !== undefined) {
        for (let i = 0, at = kernel.column; i < inputs; i += 1) {
          const x = seen[i];
          for (let o = 0; o < outputs; o += 1, at += 1) row[at] += x * cotangent[o];
        }
      }
      addBias(cotangent, outputs, bias, row);
      return inputCotangent;
    },
  };
}

/** y = x ∗ W + b (cross-correlation, NHWC, W [height, width, in, out]). */
export function convolutionNode(
  input: readonly number[],
  output: readonly number[],
  window: Window,
  kernel: ReferenceTensor,
  bias: ReferenceTensor | undefined,
): ReferenceNode {
  const [height, width, inputs] = input;
  const [outHeight, outWidth, outputs] = output;
  const [kernelHeight, kernelWidth] = window.size;
  const result = new Float64Array(outHeight * outWidth * outputs);
  const inputCotangent = new Float64Array(height * width * inputs);
  const noGradient = new Float64Array(kernel.values.length);
  let seen = new Float64Array(inputCotangent.length);

  /** Calls `visit` with the offsets in x, W and y of every pair of a kernel cell and an output pixel that meet inside the image. */
  function visitTaps(visit: (x: number, w: number, y: number) => void): void {
    for (let oy = 0; oy < outHeight; oy += 1) {
      for (let ox = 0; ox < outWidth; ox += 1) {
        for (let ky = 0; ky < kernelHeight; ky += 1) {
          const iy = oy * window.strides[0] + ky - window.before[0];
          if (iy < 0 || iy >= height) continue;
          for (let kx = 0; kx < kernelWidth; kx += 1) {
            const ix = ox * window.strides[1] + kx - window.before[1];
            if (ix < 0 || ix >= width) continue;
            const w = (ky * kernelWidth + kx) * inputs * outputs;
            visit((iy * width + ix) * inputs, w, (oy * outWidth + ox) * outputs);
          }
        }
      }
    }
  }

  return {
    forward(values) {
      seen = new Float64Array(values);
      const weights = kernel.values;
      result.fill(0);
      visitTaps((x, w, y) => {
        for (let i = 0, at = w; i < inputs; i += 1) {
          const value = seen[x + i];
          for (let o = 0; o < outputs; o += 1, at += 1) result[y + o] += value * weights[at];
        }
      });
      if (bias !== undefined) {
        for (let at = 0; at < result.length; at += 1) result[at] += bias.values[at % outputs];
      }
      return result;
    },
    backward(cotangent, row) {
      const weights = kernel.values;
      const { column } = kernel;
      const gradient =
        column === undefined ? noGradient : row.subarray(column, column + kernel.values.length);
      inputCotangent.fill(0);
      visitTaps((x, w, y) => {
        for (let i = 0, at = w; i < inputs; i += 1) {
          const value = seen[x + i];
          let sum = 0;
          for (let o = 0; o < outputs; o += 1, at += 1) {
            const slope = cotangent[y + o];
            sum += weights[at] * slope;
            gradient[at] += value * slope;
          }
          inputCotangent[x + i] += sum;
        }
      });
      addBias(cotangent, outputs, bias, row);
      return inputCotangent;
    },
  };
}

function addBias(
  cotangent: Float64Array,
  channels: number,
  bias: ReferenceTensor | undefined,
  row: Float64Array,
): void {
  if (bias?.column === undefined) return;
  for (let at = 0; at < cotangent.length; at += 1) row[bias.column + (at % channels)] += cotangent[at];
}
