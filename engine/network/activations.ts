import { erf } from "./erf.js";
import type { Activation } from "./network.js";

/** φ and φ′ of one number, in float64. */
export interface ScalarActivation {
  readonly value: (z: number) => number;
  readonly slope: (z: number) => number;
}

const sigmoid = (z: number) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));
const gaussian = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
const gaussianShare = (z: number) => (1 + erf(z / Math.SQRT2)) / 2;

/** The activations of network.ts: relu′(0) = 0, gelu is z Φ(z) (exact form), softplus log(1 + eᶻ). */
export const scalarActivations: Readonly<Record<Activation, ScalarActivation>> = {
  linear: { value: (z) => z, slope: () => 1 },
  relu: { value: (z) => Math.max(z, 0), slope: (z) => (z > 0 ? 1 : 0) },
  tanh: { value: Math.tanh, slope: (z) => 1 - Math.tanh(z) ** 2 },
  sigmoid: { value: sigmoid, slope: (z) => sigmoid(z) * sigmoid(-z) },
  softplus: { value: (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))), slope: sigmoid },
  gelu: { value: (z) => z * gaussianShare(z), slope: (z) => gaussianShare(z) + z * gaussian(z) },
  erf: { value: erf, slope: (z) => (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) },
};
