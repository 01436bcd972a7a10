/**
 * Coefficients of a function of a standard normal number in Hermite polynomials, by the trapezoidal rule, whose error
 * falls as e^{−2πd/h} for functions analytic within d of the real line (Trefethen and Weideman 2014).
 */

/** h: at d = π/20, tanh′(10z)'s, the error is e^{−49}. */
const spacing = 0.02;
/** The weight e^{−u²/4} is below 1e-18 beyond. */
const reach = 13;
const nodes = Float64Array.from(
  { length: 2 * Math.round(reach / spacing) + 1 },
  (_, at) => at * spacing - reach,
);
const weight = Float64Array.from(nodes, (u) => Math.exp((-u * u) / 4) / (2 * Math.PI) ** 0.25);

export interface HermiteSeries {
  /** c_n = E[g(u) he_n(u)], u ~ N(0, 1), he_n orthonormal (he_1(u) = u). */
  readonly coefficients: Float64Array;
  /** (Σ_{n ≥ N} c_n²)^½ of the N coefficients: what they leave out. */
  readonly tail: number;
}

/**
 * As few coefficients as leave out at most `tolerance`, or `limit` of them. By Mehler's formula
 * E[g(u) h(v)] = Σ ρⁿ c_n(g) c_n(h) for u, v standard normal of correlation ρ, and what the first N leave out is at most
 * the product of the two tails.
 */
export function hermiteSeries(g: (u: number) => number, tolerance: number, limit: number): HermiteSeries {
  const values = Float64Array.from(nodes, (u, at) => g(u) * weight[at] * spacing);
  let left = 0;
  for (let at = 0; at < values.length; at += 1) left += values[at] ** 2 / spacing;
  // Below this, what is left is rounding.
  const floor = left * Number.EPSILON * 4;
  let before = new Float64Array(nodes.length);
  let current = Float64Array.from(weight);
  const coefficients: number[] = [];
  while (coefficients.length < limit && left > Math.max(tolerance ** 2, floor)) {
    const n = coefficients.length;
    let c = 0;
    for (let at = 0; at < values.length; at += 1) c += values[at] * current[at];
    coefficients.push(c);
    left -= c * c;
    // he_{n+1} = (u he_n − √n he_{n−1}) / √(n + 1), written over he_{n−1}.
    const up = 1 / Math.sqrt(n + 1);
    const down = Math.sqrt(n);
    for (let at = 0; at < nodes.length; at += 1) {
      before[at] = (nodes[at] * current[at] - down * before[at]) * up;
    }
    [before, current] = [current, before];
  }
  return { coefficients: Float64Array.from(coefficients), tail: Math.sqrt(Math.max(left, floor)) };
}

/** Σ ρⁿ a_n b_n over the coefficients both have (Mehler's formula), by Horner's rule. */
export function mehler(a: Float64Array, b: Float64Array, rho: number): number {
  let sum = 0;
  for (let n = Math.min(a.length, b.length) - 1; n >= 0; n -= 1) sum = sum * rho + a[n] * b[n];
  return sum;
}
