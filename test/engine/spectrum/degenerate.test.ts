import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine, Matrix } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import { parameterLayout } from "../../../engine/network/layout.js";
import type { Network } from "../../../engine/network/network.js";
import { computeSpectrum, type SpectrumOptions } from "../../../engine/spectrum/spectrum.js";
import { referenceOf } from "../../support/engine.js";

const law = suite("Jacobians without full rank");

const engines: Engine[] = [];
law.before(async () => {
  for (const name of ["native", "wasm", "cpu"] as const) engines.push(await createEngine(name));
});
law.after(async () => {
  for (const engine of engines) await engine.close();
});

/** Singular values of a float64 matrix (m × p, row by row), descending, by one-sided Jacobi rotations of its rows. */
function singularValues(rows: Float64Array, columns: number): number[] {
  const count = rows.length / columns;
  const row = Array.from({ length: count }, (_, at) => rows.slice(at * columns, (at + 1) * columns));
  const dot = (left: Float64Array, right: Float64Array) =>
    left.reduce((sum, value, at) => sum + value * right[at], 0);
  for (let sweep = 0, turned = true; turned && sweep < 60; sweep += 1) {
    turned = false;
    for (let i = 0; i < count; i += 1) {
      for (let j = i + 1; j < count; j += 1) {
        const [a, b, c] = [dot(row[i], row[i]), dot(row[j], row[j]), dot(row[i], row[j])];
        if (Math.abs(c) <= 1e-15 * Math.sqrt(a * b) || c === 0) continue;
        turned = true;
        const zeta = (b - a) / (2 * c);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, t);
        for (let at = 0; at < columns; at += 1) {
          const [x, y] = [row[i][at], row[j][at]];
          row[i][at] = cosine * (x - t * y);
          row[j][at] = cosine * (y + t * x);
        }
      }
    }
  }
  return row.map((each) => Math.sqrt(dot(each, each))).sort((left, right) => right - left);
}

interface Case {
  readonly network: Network;
  readonly parameters: Float32Array;
  readonly features: Matrix;
}

const dense = (
  units: readonly number[],
  activation: "tanh" | "linear" | "relu",
  useBias = true,
): Network => ({
  input: [4],
  layers: units.map((width, at) => ({
    type: "dense",
    name: `layer${at}`,
    units: width,
    useBias,
    ...(at < units.length - 1 ? { activation } : {}),
  })),
});

const wave = (length: number, scale = 1) =>
  Float32Array.from({ length }, (_, at) => scale * Math.sin(1.7 * at + 1));
const table = (rows: number, values: Float32Array): Matrix => ({ rows, columns: 4, values });
const caseOf = (network: Network, rows: number, features: Float32Array, scale = 0.6): Case => ({
  network,
  parameters: wave(parameterLayout(network).totalCount, scale),
  features: table(rows, features),
});
const repeated = (rows: number, distinct: number, shift = 0): Float32Array =>
  Float32Array.from({ length: rows * 4 }, (_, at) => {
    const [row, place] = [Math.floor(at / 4), at % 4];
    return Math.cos(2.3 * (row % distinct) + place) + (row >= distinct ? shift * (place + 1) : 0);
  });

const tanh = dense([5, 3], "tanh");
const cases: Readonly<Record<string, Case>> = {
  "one example": caseOf(tanh, 1, wave(4)),
  "examples that come twice": caseOf(tanh, 8, repeated(8, 4)),
  "all examples the same": caseOf(tanh, 6, repeated(6, 1)),
  "examples nearly the same": caseOf(tanh, 8, repeated(8, 4, 1e-4)),
  "features of zeros": caseOf(tanh, 5, new Float32Array(20)),
  "a linear network, of rank far below its size": caseOf(dense([2, 3], "linear", false), 9, wave(36)),
  "more rows than parameters": caseOf(dense([2], "linear"), 30, wave(120)),
  "parameters of zeros": caseOf(tanh, 5, wave(20), 0),
  "a Jacobian of zeros": caseOf(dense([3, 2], "relu", false), 4, wave(16), 0),
  "units that no example turns on": caseOf(
    dense([6, 2], "relu"),
    5,
    wave(20).map((value) => -Math.abs(value)),
  ),
};

const methods: readonly (readonly [string, Partial<SpectrumOptions>])[] = [
  ["auto", { method: "auto" }],
  ["exact", { method: "exact" }],
  ["exact in float64", { method: "exact", precision: "float64" }],
  ["block-krylov", { method: "block-krylov", maxSweeps: 12 }],
  ["block-krylov with blocks of 2", { method: "block-krylov", blockSize: 2, maxSweeps: 40 }],
];

async function check(
  engine: Engine,
  { network, parameters, features }: Case,
  given: Partial<SpectrumOptions>,
) {
  const { rows, columns, outputs } = referenceOf(network, parameters, features);
  const wanted = singularValues(rows, columns);
  const model = await engine.open(network);
  try {
    await model.load(parameters);
    const rank = Math.min(features.rows * outputs, columns);
    const found = await computeSpectrum(model, engine.algebra, features, {
      rank,
      precision: "float32",
      tolerance: 1e-4,
      seed: "degenerate",
      memoryLimit: 2 ** 31,
      rates: engine.rates,
      method: "auto",
      ...given,
    });
    assert.is(found.singularValues.length, rank);
    const largest = wanted[0];
    // By a Gram matrix of float32 numbers a value below 1e-4 of the largest is noise: its square is below what they resolve.
    const floor = given.precision === "float64" ? 1e-6 : 1e-3;
    found.singularValues.forEach((value, at) => {
      assert.ok(Number.isFinite(value) && value >= 0, `value ${at + 1} is ${value}`);
      assert.ok(
        Math.abs(value - wanted[at]) <= 1e-3 * wanted[at] + floor * largest,
        `value ${at + 1} is ${value}, not ${wanted[at]} (the largest ${largest})`,
      );
      if (at > 0) assert.ok(value <= found.singularValues[at - 1], "descending");
    });
    if (largest === 0) assert.ok(found.singularValues.every((value) => value === 0));
    assert.ok(found.residualBounds.every((bound) => Number.isFinite(bound) && bound >= 0));
    const { values, rows: n, columns: r } = found.leftVectors;
    for (let i = 0; i < r; i += 1) {
      for (let j = 0; j <= i; j += 1) {
        let product = 0;
        for (let row = 0; row < n; row += 1) product += values[row * r + i] * values[row * r + j];
        assert.ok(Math.abs(product - (i === j ? 1 : 0)) < 1e-5, `left vectors ${i} and ${j}: ${product}`);
      }
    }
  } finally {
    await model.close();
  }
}

for (const [what, one] of Object.entries(cases)) {
  law(
    `${what}: right values, orthonormal left vectors and no NaN, on every engine by every method`,
    async () => {
      for (const engine of engines) {
        for (const [method, given] of methods) {
          await check(engine, one, given).catch((error: Error) => {
            error.message = `${engine.name}, ${method}: ${error.message}`;
            throw error;
          });
        }
      }
    },
  );
}

law("any number of copies of any examples, on the native engine", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.constantFrom(0, 1, -1, 0.5, 1e-3), { minLength: 4, maxLength: 4 }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.integer({ min: 1, max: 3 }),
      fc.constantFrom(...methods),
      async (examples, copies, [, given]) => {
        const values = Float32Array.from(Array.from({ length: copies }, () => examples).flat(2));
        await check(engines[0], caseOf(tanh, examples.length * copies, values), given);
      },
    ),
    { numRuns: 60 },
  ),
);

law.run();
