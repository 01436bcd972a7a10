import type { ReferenceNode } from "./node.js";

/** Keeps every `strides`-th pixel from 0 and puts zero channels before and after. */
export function padShortcutNode(
  input: readonly number[],
  output: readonly number[],
  strides: number,
  channelsBefore: number,
): ReferenceNode {
  const [height, width, channels] = input;
  const [outHeight, outWidth, outChannels] = output;
  const result = new Float64Array(outHeight * outWidth * outChannels);
  const inputCotangent = new Float64Array(height * width * channels);
  function visit(each: (from: number, to: number) => void): void {
    for (let oy = 0; oy < outHeight; oy += 1) {
      for (let ox = 0; ox < outWidth; ox += 1) {
        const from = (oy * strides * width + ox * strides) * channels;
        const to = (oy * outWidth + ox) * outChannels + channelsBefore;
        for (let channel = 0; channel < channels; channel += 1) each(from + channel, to + channel);
      }
    }
  }
  return {
    forward(values) {
      visit((from, to) => {
        result[to] = values[from];
      });
      return result;
    },
    backward(cotangent) {
      inputCotangent.fill(0);
      visit((from, to) => {
        inputCotangent[from] = cotangent[to];
      });
      return inputCotangent;
    },
  };
}

/** main(x) + shortcut(x). */
export function residualNode(
  inputSize: number,
  outputSize: number,
  main: ReferenceNode,
  shortcut: ReferenceNode,
): ReferenceNode {
  const input = new Float64Array(inputSize);
  const result = new Float64Array(outputSize);
  const kept = new Float64Array(outputSize);
  const inputCotangent = new Float64Array(inputSize);
  return {
    forward(values) {
      input.set(values);
      result.set(main.forward(input));
      addTo(result, shortcut.forward(input));
      return result;
    },
    backward(cotangent, row) {
      kept.set(cotangent);
      inputCotangent.set(main.backward(kept, row));
      addTo(inputCotangent, shortcut.backward(kept, row));
      return inputCotangent;
    },
  };
}

function addTo(sum: Float64Array, values: Float64Array): void {
  for (let at = 0; at < sum.length; at += 1) sum[at] += values[at];
}
