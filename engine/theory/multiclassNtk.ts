import { theoryErrors } from "../../schemas/errors/theory.js";
import type { Matrix, Matrix64 } from "../engine.js";
import { scalarActivations } from "../network/activations.js";
import type { Activation } from "../network/network.js";
import { turns } from "../turns.js";
import { type HermiteSeries, hermiteSeries, mehler } from "./hermite.js";

/** What a series may leave out of φ′ in the mean square: E[φ′φ′] of a pair is then right to its square, 1e-11. */
const tolerance = 3e-6;
/** Terms of a series at most: tanh reaches it at inputs of norm 12, where a kernel hardly differs from its limit. */
const termLimit = 4096;
/** Multiplications between two turns of the event loop. */
const turnLength = 2_000_000;

/** E[φ′(a u) φ′(b v)], u, v standard normal of correlation ρ: for a fixed i, a function of j. */
type SlopeProduct = (i: number, j: number, rho: number) => number;

/**
 * The n × n block of the multiclass neural tangent kernel (paper §1): entry ij is
 * E_{w ~ N(0, I)}[φ′(w·x_i) φ′(w·x_j)] x_i·x_j. Σ(X) = I_K ⊗ block, sample-major too, for I_K only repeats it. With
 * Var(V_ij) = ν²/k, E[J(W₀) J(W₀)ᵀ] = ν² Σ(X).
 *
 * In closed form for linear, relu ((π − arccos ρ)/2π) and erf; for tanh, sigmoid, softplus and gelu to 1e-8 and better by
 * Mehler's formula, with as many terms as the longest input needs. An input of norm 0 has a row of zeros.
 *
 * @throws JacoflowError NTK_INPUT_NORM for an input so long that its series would need more than 4,096 terms.
 */
export async function multiclassNtk(
  features: Matrix,
  activation: Activation,
  signal?: AbortSignal,
): Promise<Matrix64> {
  const { rows: n, columns: d, values: x } = features;
  const norms = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    let squared = 0;
    for (let axis = i * d; axis < (i + 1) * d; axis += 1) squared += x[axis] ** 2;
    norms[i] = Math.sqrt(squared);
  }
  const pause = turns(turnLength, signal);
  const expectation = await slopeProduct(activation, norms, pause);
  const values = new Float64Array(new SharedArrayBuffer(8 * n * n));
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let product = 0;
      for (let axis = 0; axis < d; axis += 1) product += x[i * d + axis] * x[j * d + axis];
      const lengths = norms[i] * norms[j];
      const rho = i === j ? 1 : Math.min(1, Math.max(-1, product / lengths));
      const entry = lengths === 0 ? 0 : expectation(i, j, rho) * product;
      values[i * n + j] = entry;
      values[j * n + i] = entry;
    }
    await pause((i + 1) * (d + 40));
  }
  return { rows: n, columns: n, values };
}

async function slopeProduct(
  activation: Activation,
  norms: Float64Array,
  pause: (work: number) => Promise<void> | undefined,
): Promise<SlopeProduct> {
  switch (activation) {
    case "linear":
      return () => 1;
    case "relu":
      return (_i, _j, rho) => (Math.PI - Math.acos(rho)) / (2 * Math.PI);
    case "erf":
      // E e^{−a²u² − b²v²} = det(I + 2C)^{−½} with C the covariance of (au, bv).
      return (i, j, rho) => {
        const [a, b] = [norms[i] ** 2, norms[j] ** 2];
        return 4 / Math.PI / Math.sqrt((1 + 2 * a) * (1 + 2 * b) - 4 * a * b * rho * rho);
      };
    default: {
      const { slope } = scalarActivations[activation];
      const longest = norms.indexOf(norms.reduce((most, norm) => Math.max(most, norm), 0));
      const whole = hermiteSeries((u) => slope(norms[longest] * u), tolerance, termLimit);
      const terms = whole.coefficients.length;
      if (whole.tail > tolerance) throw theoryErrors.inputNorm(longest, norms[longest], activation);
      const series: HermiteSeries[] = [];
      for (const norm of norms) {
        // As many terms for all: a pair leaves out the product of both tails only where neither stops before the other.
        series.push(hermiteSeries((u) => slope(norm * u), 0, terms));
        await pause(2000 * terms);
      }
      return (i, j, rho) => mehler(series[i].coefficients, series[j].coefficients, rho);
    }
  }
}
