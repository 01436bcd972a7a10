import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scalarActivations } from "../../../engine/network/activations.js";
import type { Activation } from "../../../engine/network/network.js";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { hermiteSeries, mehler } from "../../../engine/theory/hermite.js";
import { multiclassNtk } from "../../../engine/theory/multiclassNtk.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { golden } from "../../support/golden.js";

const test = suite("engine/theory/multiclassNtk");

const matrixOf = (rows: readonly (readonly number[])[]) => ({
  rows: rows.length,
  columns: rows[0].length,
  values: Float32Array.from(rows.flat()),
});

/** E[φ′(a u) φ′(b v)] by the trapezoidal rule in the plane: slow, and of another kind. */
function planar(slope: (z: number) => number, a: number, b: number, rho: number): number {
  const h = 0.05;
  const other = Math.sqrt(1 - rho * rho);
  let sum = 0;
  for (let u = -9; u <= 9; u += h) {
    for (let w = -9; w <= 9; w += h) {
      sum += slope(a * u) * slope(b * (rho * u + other * w)) * Math.exp(-(u * u + w * w) / 2);
    }
  }
  return (sum * h * h) / (2 * Math.PI);
}

test("softplus: the golden block and its eigenvalues, made by 80-point Gauss–Hermite", async () => {
  const { features } = golden("one-hidden-softplus");
  const file = new URL("../../golden/one-hidden-softplus/multiclass-ntk.json", import.meta.url);
  const wanted = JSON.parse(readFileSync(file, "utf8")) as { block: number[][]; eigenvalues: number[] };
  const block = await multiclassNtk(features, "softplus");
  wanted.block.flat().forEach((value, at) => {
    if (!(Math.abs(block.values[at] - value) < 1e-8))
      assert.unreachable(`${at}: ${block.values[at]} ${value}`);
  });
  const { values } = await inlineAlgebra().symmetricEigen(block, block.rows);
  wanted.eigenvalues.forEach((value, at) => {
    assert.ok(Math.abs(values[at] - value) < 1e-8, `eigenvalue ${at}`);
  });
});

const smooth: readonly Activation[] = ["tanh", "sigmoid", "softplus", "gelu", "erf", "linear"];

for (const activation of smooth) {
  test(`${activation}: entries are those of quadrature in the plane, for inputs of any norm up to 3`, async () => {
    const { slope } = scalarActivations[activation];
    for (const [a, b, rho] of [
      [1, 1, 0],
      [1, 1, 0.6],
      [1, 1, -0.99],
      [0.3, 1, 0.9],
      [3, 2, 0.5],
      [3, 3, -0.7],
    ]) {
      const found = await multiclassNtk(
        matrixOf([
          [a, 0],
          [b * rho, b * Math.sqrt(1 - rho * rho)],
        ]),
        activation,
      );
      const wanted = planar(slope, a, b, rho) * a * b * rho;
      // Inputs are float32.
      assert.ok(Math.abs(found.values[1] - wanted) < 1e-6, `${a} ${b} ${rho}: ${found.values[1]} ${wanted}`);
    }
  });
}

test("relu: half on the diagonal, a quarter's share between orthogonal inputs, none between opposite ones", async () => {
  const block = await multiclassNtk(
    matrixOf([
      [2, 0],
      [0, 1],
      [-1, 0],
      [0, 0],
    ]),
    "relu",
  );
  assert.equal([...block.values.subarray(0, 4)], [2, 0, 0, 0]);
  assert.is(block.values[5], 0.5);
  assert.equal([...block.values.subarray(12)], [0, 0, 0, 0]);
});

test("it is the mean of JJᵀ over random weights, and twice the variance of V doubles it", async () => {
  const random = randomSource("monte carlo");
  const [n, d, width, classes] = [4, 6, 40_000, 2];
  const rows = Array.from({ length: n }, () => Array.from({ length: d }, () => random.normal() / 2));
  for (const activation of ["relu", "tanh", "softplus"] as const) {
    const { slope } = scalarActivations[activation];
    const block = await multiclassNtk(matrixOf(rows), activation);
    // JJᵀ of one output: Σ_h V_h² φ′(w_h·x_i) φ′(w_h·x_j) x_i·x_j with V = ±1/√(kK): 1/K of the block.
    const sums = new Float64Array(n * n);
    for (let unit = 0; unit < width; unit += 1) {
      const weights = Array.from({ length: d }, () => random.normal());
      const slopes = rows.map((row) =>
        slope(row.reduce((sum, value, axis) => sum + value * weights[axis], 0)),
      );
      for (let i = 0; i < n; i += 1) for (let j = 0; j < n; j += 1) sums[i * n + j] += slopes[i] * slopes[j];
    }
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < n; j += 1) {
        const product = rows[i].reduce((sum, value, axis) => sum + value * rows[j][axis], 0);
        const measured = (sums[i * n + j] * product) / (width * classes);
        // A mean of 40,000 products within [0, 1]: 5 deviations are below 0.0125.
        assert.ok(
          Math.abs(measured - block.values[i * n + j] / classes) <=
            (0.0125 * Math.abs(product)) / classes + 1e-6,
        );
      }
    }
  }
});

test("Mehler's series of polynomials is exact: E[he_m(u) he_n(v)] = ρⁿ where m = n, else 0", () => {
  const cubic = hermiteSeries((u) => (u ** 3 - 3 * u) / Math.sqrt(6), 1e-12, 50);
  const square = hermiteSeries((u) => (u * u - 1) / Math.SQRT2, 1e-12, 50);
  fc.assert(
    fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (rho) => {
      assert.ok(Math.abs(mehler(cubic.coefficients, cubic.coefficients, rho) - rho ** 3) < 1e-12);
      assert.ok(Math.abs(mehler(square.coefficients, square.coefficients, rho) - rho ** 2) < 1e-12);
      assert.ok(Math.abs(mehler(square.coefficients, cubic.coefficients, rho)) < 1e-12);
    }),
  );
});

test("an input too long for the series is refused with its row and norm", async () => {
  try {
    await multiclassNtk(
      matrixOf([
        [1, 0],
        [0, 40],
      ]),
      "tanh",
    );
    assert.unreachable();
  } catch (error) {
    const { code, value, place } = error as JacoflowError;
    assert.equal([code, value, place], ["NTK_INPUT_NORM", 40, "row 1"]);
  }
});

test.run();
