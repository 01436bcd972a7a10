import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scalarActivations } from "../../../engine/network/activations.js";
import { expandArchitecture } from "../../../engine/network/architectures.js";
import { initialParameters } from "../../../engine/network/initialisation.js";
import type { Activation } from "../../../engine/network/network.js";
import { referenceModel } from "../../../engine/network/reference/reference.js";
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

/** x·y in float64 of rows as the kernel is given them. */
function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let axis = 0; axis < x.length; axis += 1) sum += x[axis] * y[axis];
  return sum;
}

/** E[1(u > 0) 1(v > 0)] for correlation ρ by Simpson's rule over u > 0 of the share of v > 0 given u, without an arc cosine. */
function halfPlanes(rho: number): number {
  const { value } = scalarActivations.erf;
  const other = Math.sqrt(2 * (1 - rho * rho));
  const count = 20_000;
  const reach = 9;
  const at = (u: number) => (Math.exp((-u * u) / 2) * (1 + value((rho * u) / other))) / 2;
  let sum = at(0) + at(reach);
  for (let index = 1; index < count; index += 1)
    sum += (index % 2 === 1 ? 4 : 2) * at((reach * index) / count);
  return (sum * reach) / count / 3 / Math.sqrt(2 * Math.PI);
}

const smooth: readonly Activation[] = ["tanh", "sigmoid", "softplus", "gelu", "erf", "linear"];

/** Rows of norm 1 in any direction, one nearly equal to the first and one nearly opposite to it. */
function unitRows(seed: string): number[][] {
  const random = randomSource(seed);
  const free = Array.from({ length: 4 }, () => Array.from({ length: 5 }, () => random.normal()));
  const near = (sign: number, by: number) => free[0].map((value) => sign * value + by * random.normal());
  const rows = [...free, near(1, 1e-2), near(-1, 1e-2)];
  return rows.map((row) => {
    const norm = Math.sqrt(dot(row, row));
    return row.map((value) => value / norm);
  });
}

for (const activation of [...smooth, "relu"] as const) {
  test(`${activation}: at norm 1 every entry is that of quadrature of another kind to 1e-8`, async () => {
    const { slope } = scalarActivations[activation];
    const features = matrixOf(unitRows(`rows of ${activation}`));
    const row = (i: number) => features.values.subarray(5 * i, 5 * i + 5);
    const block = await multiclassNtk(features, activation);
    for (let i = 0; i < features.rows; i += 1) {
      for (let j = 0; j < i; j += 1) {
        const [a, b] = [Math.sqrt(dot(row(i), row(i))), Math.sqrt(dot(row(j), row(j)))];
        const rho = dot(row(i), row(j)) / (a * b);
        const share = activation === "relu" ? halfPlanes(rho) : planar(slope, a, b, rho);
        const wanted = share * dot(row(i), row(j));
        const found = block.values[i * features.rows + j];
        assert.ok(Math.abs(found - wanted) < 1e-8, `${i} ${j}, ρ = ${rho}: ${found} ${wanted}`);
      }
    }
  });
}

for (const activation of smooth) {
  test(`${activation}: and to 1e-8 for inputs of any norm up to 3`, async () => {
    const { slope } = scalarActivations[activation];
    for (const [length, other, cosine] of [
      [0.3, 1, 0.9],
      [3, 2, 0.5],
      [3, 3, -0.7],
    ]) {
      const features = matrixOf([
        [length, 0],
        [other * cosine, other * Math.sqrt(1 - cosine * cosine)],
      ]);
      const [x, y] = [features.values.subarray(0, 2), features.values.subarray(2, 4)];
      const [a, b] = [Math.sqrt(dot(x, x)), Math.sqrt(dot(y, y))];
      const found = (await multiclassNtk(features, activation)).values[1];
      const wanted = planar(slope, a, b, dot(x, y) / (a * b)) * dot(x, y);
      assert.ok(Math.abs(found - wanted) < 1e-8, `${a} ${b}: ${found} ${wanted}`);
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

test("E[JJᵀ] of the theory's own network is Σ(X)/K: the mean over draws of its Jacobian, all K outputs", async () => {
  const [K, width, draws] = [3, 400, 25];
  const rows = unitRows("inputs of the mean");
  const features = matrixOf(rows);
  const n = rows.length;
  for (const activation of ["relu", "softplus", "tanh", "erf"] as const) {
    const network = expandArchitecture("one-hidden-layer", {
      ...{ input: [5], outputs: K, hidden: width, activation },
    });
    const block = await multiclassNtk(features, activation);
    const random = randomSource(`draws of ${activation}`);
    const model = referenceModel(network);
    const columns = model.layout.trainableCount;
    const means = new Float64Array((n * K) ** 2);
    for (let draw = 0; draw < draws; draw += 1) {
      const parameters = initialParameters(network, {
        ...{ initialisation: "theory", normal: () => random.normal() },
      });
      model.load(parameters);
      const jacobian = rows.flatMap((_, i) => {
        const values = new Float64Array(K * columns);
        model.rows(features.values.subarray(5 * i, 5 * i + 5), values);
        return Array.from({ length: K }, (_, k) => values.subarray(k * columns, (k + 1) * columns));
      });
      for (let i = 0; i < n * K; i += 1) {
        for (let j = 0; j < n * K; j += 1) means[i * n * K + j] += dot(jacobian[i], jacobian[j]) / draws;
      }
    }
    // An entry is a sum of `width` terms within (4/π)/(width·K) of 0, for |φ′|² ≤ 4/π: 6 deviations.
    const allowed = (6 * (4 / Math.PI)) / K / Math.sqrt(width * draws);
    for (let i = 0; i < n * K; i += 1) {
      for (let j = 0; j < n * K; j += 1) {
        const [one, other] = [Math.floor(i / K), Math.floor(j / K)];
        const wanted = i % K === j % K ? block.values[one * n + other] / K : 0;
        const found = means[i * n * K + j];
        assert.ok(Math.abs(found - wanted) <= allowed, `${activation} ${i} ${j}: ${found} ${wanted}`);
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
