import { scalarActivations } from "../activations.js";
import type { Activation } from "../network.js";
import type { ReferenceNode, ReferenceTensor } from "./node.js";

/** φ of every element. */
export function activationNode(size: number, activation: Activation): ReferenceNode {
  const { value, slope } = scalarActivations[activation];
  const result = new Float64Array(size);
  const slopes = new Float64Array(size);
  const inputCotangent = new Float64Array(size);
  return {
    forward(input) {
      for (let at = 0; at < size; at += 1) {
        result[at] = value(input[at]);
        slopes[at] = slope(input[at]);
      }
      return result;
    },
    backward(cotangent) {
      for (let at = 0; at < size; at += 1) inputCotangent[at] = cotangent[at] * slopes[at];
      return inputCotangent;
    },
  };
}

/** Every element times a constant. */
export function scaleNode(size: number, scale: number): ReferenceNode {
  const result = new Float64Array(size);
  const inputCotangent = new Float64Array(size);
  return {
    forward(input) {
      for (let at = 0; at < size; at += 1) result[at] = scale * input[at];
      return result;
    },
    backward(cotangent) {
      for (let at = 0; at < size; at += 1) inputCotangent[at] = scale * cotangent[at];
      return inputCotangent;
    },
  };
}

/** γ (x − mean) / √(variance + ε) + β a channel, at the moving statistics, which are constants. */
export function normalizationNode(
  size: number,
  epsilon: number,
  gamma: ReferenceTensor,
  beta: ReferenceTensor,
  movingMean: ReferenceTensor,
  movingVariance: ReferenceTensor,
): ReferenceNode {
  const channels = gamma.values.length;
  const result = new Float64Array(size);
  const normalized = new Float64Array(size);
  const inputCotangent = new Float64Array(size);
  const inverse = (channel: number) => 1 / Math.sqrt(movingVariance.values[channel] + epsilon);
  return {
    forward(input) {
      for (let at = 0; at < size; at += 1) {
        const channel = at % channels;
        normalized[at] = (input[at] - movingMean.values[channel]) * inverse(channel);
        result[at] = gamma.values[channel] * normalized[at] + beta.values[channel];
      }
      return result;
    },
    backward(cotangent, row) {
      for (let at = 0; at < size; at += 1) {
        const channel = at % channels;
        inputCotangent[at] = cotangent[at] * gamma.values[channel] * inverse(channel);
        if (gamma.column !== undefined) row[gamma.column + channel] += cotangent[at] * normalized[at];
        if (beta.column !== undefined) row[beta.column + channel] += cotangent[at];
      }
      return inputCotangent;
    },
  };
}
