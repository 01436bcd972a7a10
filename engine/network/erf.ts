const twoOverRootPi = 2 / Math.sqrt(Math.PI);

/**
 * The error function to about 1e-15: its Maclaurin series with positive terms, erf x = 2/√π e^{−x²} Σ 2ⁿx²ⁿ⁺¹/(2n+1)!!,
 * below 3, and the continued fraction of erfc (Abramowitz and Stegun 7.1.6, 7.1.14) above.
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (size > 6) return Math.sign(x);
  const squared = size * size;
  if (size < 3) {
    let term = size;
    let sum = size;
    for (let n = 1; term > 1e-17 * sum; n += 1) {
      term *= (2 * squared) / (2 * n + 1);
      sum += term;
    }
    return Math.sign(x) * twoOverRootPi * Math.exp(-squared) * sum;
  }
  let fraction = size;
  for (let n = 60; n >= 1; n -= 1) fraction = size + n / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-squared) / (Math.sqrt(Math.PI) * fraction));
}
