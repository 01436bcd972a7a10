import { readFileSync } from "node:fs";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { labelTarget } from "../../../engine/spectrum/targets.js";
import {
  type BoundedProblem,
  cutRanks,
  theoremBounds,
  wholeSpaceBound,
} from "../../../engine/theory/bounds.js";
import { golden, goldenPath } from "../../support/golden.js";

const test = suite("engine/theory/bounds");

const close = (left: number, right: number) =>
  Math.abs(left - right) <= 1e-12 * Math.max(Math.abs(left), Math.abs(right), 1);

/** J = diag(4, 2) on n = 4 single outputs, v = (3, 2, 6, 0): two directions J does not reach. */
const diagonal: BoundedProblem = {
  singularValues: Float64Array.of(4, 2),
  coordinates: Float64Array.of(3, 2),
  rest: 6,
  nextSingularValue: 0,
  examples: 4,
  dimension: 4,
  scale: 1,
  stepSize: 1 / 16,
};

test("a diagonal J by hand: α = σ/√n, bias, variance, T, B and both residuals", () => {
  const [first, second] = theoremBounds(diagonal, [1, 2], [2]);
  assert.equal([first.rank, first.alpha, first.cutoff, first.gamma], [1, 2, 4, 2]);
  assert.ok(close(first.bias, Math.sqrt(4 + 36) / 2 + Math.exp(-2)));
  assert.ok(close(first.variance, 2 / (2 * 2)));
  assert.ok(close(first.bound, first.bias + first.variance));
  assert.is(first.steps, 2, "T = 2 / (1/16 · 16)");
  assert.ok(close(first.residualBound, Math.hypot(3 * Math.exp(-2), Math.sqrt(40))));
  assert.ok(close(first.residual, Math.hypot(0, 2 * 0.75 ** 2, 6)));
  assert.ok(close(first.distanceBound, Math.sqrt((3 / 4) ** 2 + (2 / 4) ** 2 * 40)));
  assert.ok(close(first.distance, Math.hypot(3 / 4, ((1 - 0.75 ** 2) * 2) / 2)));
  assert.is(second.steps, 8);
  assert.ok(close(second.bias, 3 + Math.exp(-2)));
  assert.ok(close(second.variance, 2 / (1 * 2)));
  assert.ok(close(second.distanceBound, Math.sqrt((3 / 4) ** 2 + 1 + (2 / 2) ** 2 * 36)));
});

/** Norms near the root of the smallest double: their squares have lost their digits. */
const underflow = 1e-150;

const problems = fc
  .record({
    values: fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 2, maxLength: 8 }),
    coordinates: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 8, maxLength: 8 }),
    rest: fc.double({ min: 0, max: 3, noNaN: true }),
    examples: fc.integer({ min: 3, max: 9 }),
    share: fc.double({ min: 0.1, max: 1, noNaN: true }),
  })
  .map(({ values, coordinates, rest, examples, share }): BoundedProblem => {
    const singularValues = Float64Array.from(values).sort().reverse();
    return {
      ...{ singularValues, rest, examples, dimension: 3 * examples, scale: 1, nextSingularValue: 0 },
      coordinates: Float64Array.from(coordinates.slice(0, values.length)),
      stepSize: share / singularValues[0] ** 2,
    };
  });

test("as the cut goes down, bias falls and variance grows; as Γ grows likewise", () => {
  fc.assert(
    fc.property(problems, (problem) => {
      const ranks = cutRanks(problem.singularValues, 0, 100);
      const gammas = [1, 2, 5];
      const rows = theoremBounds(problem, ranks, gammas);
      rows.forEach((row, at) => {
        const [deeper, longer] = [rows[at + gammas.length], rows[at + 1]];
        if (deeper !== undefined) {
          assert.ok(deeper.bias <= row.bias && deeper.variance > row.variance);
        }
        if (longer?.rank === row.rank) assert.ok(longer.bias < row.bias && longer.variance > row.variance);
      });
    }),
  );
});

test("the linearised problem stays below its bounds at every cut and Γ while ησ₁² ≤ 1", () => {
  fc.assert(
    fc.property(problems, (problem) => {
      const ranks = cutRanks(problem.singularValues, 0, 100);
      for (const row of theoremBounds(problem, ranks, [1, 1.7, 4])) {
        assert.ok(row.residual <= row.residualBound * (1 + 1e-12) + underflow);
        assert.ok(row.distance <= row.distanceBound * (1 + 1e-12) + underflow);
      }
    }),
  );
});

test("no cut falls between equal values, nor where a run of them leaves the basis", () => {
  const values = Float64Array.of(5, 5, 3, 2, 2, 1, 1);
  assert.equal(cutRanks(values, 1, 10), [2, 3, 5]);
  assert.equal(cutRanks(values, 0.5, 10), [2, 3, 5, 7]);
  assert.equal(cutRanks(Float64Array.of(2, 0, 0), 0, 10), [1]);
  const many = Float64Array.from({ length: 1000 }, (_, s) => 2000 - s);
  const picked = cutRanks(many, 0, 20);
  assert.ok(picked.length <= 20 && picked.length >= 15);
  assert.equal([picked[0], picked.at(-1)], [1, 1000]);
  assert.equal(
    picked,
    [...new Set(picked)].sort((a, b) => a - b),
  );
});

test("the whole-space bound of the golden kernel is √(K/n)·√(yᵀΣ⁻¹y), by solving instead of eigenvectors", async () => {
  const { labels, expected } = golden("one-hidden-softplus");
  const path = goldenPath("one-hidden-softplus", "multiclass-ntk.json");
  const { block, eigenvalues } = JSON.parse(readFileSync(path, "utf8")) as {
    block: number[][];
    eigenvalues: number[];
  };
  const [n, K] = [labels.length, expected.classes];
  const y = labelTarget(labels, K);
  const { vectors } = await inlineAlgebra().symmetricEigen(
    { rows: n, columns: n, values: Float64Array.from(block.flat()) },
    n,
  );
  const variance = 0.7;
  const coordinates = Float64Array.from({ length: n * K }, (_, s) => {
    let sum = 0;
    for (let i = 0; i < n; i += 1) sum += vectors.values[i * n + Math.floor(s / K)] * y[i * K + (s % K)];
    return sum;
  });
  const problem: BoundedProblem = {
    ...{ coordinates, rest: 0, nextSingularValue: 0, examples: n, dimension: n * K, stepSize: 1 },
    singularValues: Float64Array.from({ length: n * K }, (_, s) =>
      Math.sqrt(variance * eigenvalues[Math.floor(s / K)]),
    ),
    scale: 1 / Math.sqrt(variance * K),
  };
  let quadratic = 0;
  for (let k = 0; k < K; k += 1) {
    const right = Array.from({ length: n }, (_, i) => y[i * K + k]);
    const solution = solved(block, right);
    quadratic += right.reduce((sum, value, i) => sum + value * solution[i], 0);
  }
  const wanted = Math.sqrt(K / n) * Math.sqrt(quadratic);
  const found = wholeSpaceBound(problem);
  assert.ok(Math.abs(found - wanted) < 1e-6 * wanted, `${found} ${wanted}`);
  assert.ok(
    Number.isNaN(wholeSpaceBound({ ...problem, singularValues: problem.singularValues.slice(0, 5) })),
  );
});

/** A⁻¹b by elimination; A is positive definite. */
function solved(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]]);
  const size = rows.length;
  for (let pivot = 0; pivot < size; pivot += 1) {
    for (let row = pivot + 1; row < size; row += 1) {
      const factor = rows[row][pivot] / rows[pivot][pivot];
      for (let column = pivot; column <= size; column += 1) rows[row][column] -= factor * rows[pivot][column];
    }
  }
  const solution = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row -= 1) {
    let rest = rows[row][size];
    for (let column = row + 1; column < size; column += 1) rest -= rows[row][column] * solution[column];
    solution[row] = rest / rows[row][row];
  }
  return solution;
}

test.run();
