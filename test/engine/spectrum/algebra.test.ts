import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Matrix, Matrix64 } from "../../../engine/engine.js";
import { randomSource } from "../../../engine/random.js";
import { createAlgebra } from "../../../engine/spectrum/algebra.js";
import { manyEigenvalues, symmetricWith } from "../../support/symmetric.js";

const test = suite("algebra");
const algebra = createAlgebra();

function randomMatrix(rows: number, columns: number, seed: string): Matrix {
  const random = randomSource(seed);
  return { rows, columns, values: Float32Array.from({ length: rows * columns }, () => random.normal()) };
}

function widen(matrix: Matrix): Matrix64 {
  return { ...matrix, values: Float64Array.from(matrix.values) };
}

/** Largest |result − expected(i, j)|. */
function distance(result: Matrix | Matrix64, expected: (row: number, column: number) => number): number {
  let worst = 0;
  for (let row = 0; row < result.rows; row += 1) {
    for (let column = 0; column < result.columns; column += 1) {
      const error = Math.abs(result.values[row * result.columns + column] - expected(row, column));
      worst = Math.max(worst, error);
    }
  }
  return worst;
}

function sum(count: number, term: (index: number) => number): number {
  let total = 0;
  for (let index = 0; index < count; index += 1) total += term(index);
  return total;
}

const shapes: readonly (readonly [number, number, number])[] = [
  [1, 1, 1],
  [7, 5, 3],
  [3, 9, 4],
  [300, 130, 261],
  [513, 4, 9],
];

test("the cross product is AᵀB, whatever the shape", () => {
  for (const [m, a, b] of shapes) {
    const left = randomMatrix(m, a, `left ${m}`);
    const right = randomMatrix(m, b, `right ${m}`);
    const result = algebra.crossProduct(left, right);
    assert.is(result.rows, a);
    assert.is(result.columns, b);
    const at = (i: number, j: number) => sum(m, (k) => left.values[k * a + i] * right.values[k * b + j]);
    assert.ok(distance(result, at) < 1e-11);
  }
});

test("the cross product of a matrix with itself is exactly symmetric and agrees with that of a copy", () => {
  const matrix = randomMatrix(300, 150, "self");
  const own = algebra.crossProduct(matrix, matrix);
  const copy = algebra.crossProduct(matrix, { ...matrix, values: matrix.values.slice() });
  assert.ok(distance(own, (i, j) => copy.values[i * 150 + j]) < 1e-12);
  assert.is(
    distance(own, (i, j) => own.values[j * 150 + i]),
    0,
  );
});

test("combine is A·C and subtract puts B − A·C in the place of B, each rounded to float32 once", () => {
  for (const [m, a, b] of shapes) {
    const basis = randomMatrix(m, a, `basis ${m}`);
    const target = randomMatrix(m, b, `target ${m}`);
    const coefficients = widen(randomMatrix(a, b, `coefficients ${m}`));
    const at = (i: number, j: number) =>
      sum(a, (k) => basis.values[i * a + k] * coefficients.values[k * b + j]);
    const combined = algebra.combine(basis, coefficients);
    const over = randomMatrix(m, b + 1, `over ${m}`);
    assert.equal(algebra.combine(basis, coefficients, over).values, combined.values);
    assert.equal(over.values.subarray(0, m * b), combined.values);
    const before = target.values.slice();
    const remainder = algebra.subtract(target, basis, coefficients);
    assert.ok(distance(combined, (i, j) => Math.fround(at(i, j))) < 1e-5);
    assert.ok(distance(remainder, (i, j) => Math.fround(before[i * b + j] - at(i, j))) < 1e-5);
    assert.is(remainder.values, target.values);
  }
});

test("coordinates are V Uᵀ and the remainder is V − C U", () => {
  for (const [r, m, b] of shapes) {
    const basis = randomMatrix(r, m, `basis ${m}`);
    const vectors = widen(randomMatrix(b, m, `vectors ${m}`));
    const inside = algebra.coordinates(basis, vectors);
    const [u, v] = [basis.values, vectors.values];
    assert.ok(distance(inside, (i, j) => sum(m, (k) => v[i * m + k] * u[j * m + k])) < 1e-11);
    const outside = algebra.remainder(vectors, basis, inside);
    const at = (i: number, j: number) =>
      v[i * m + j] - sum(r, (s) => inside.values[i * r + s] * u[s * m + j]);
    assert.ok(distance(outside, at) < 1e-10);
  }
});

test("sums are accumulated in float64: a large cancelling pair leaves the small rest exact", () => {
  const ones = { rows: 3, columns: 1, values: Float32Array.of(1, 1, 1) };
  const terms = { rows: 3, columns: 1, values: Float32Array.of(2 ** 40, 1, -(2 ** 40)) };
  assert.is(algebra.crossProduct(ones, terms).values[0], 1);
});

test("gram64 gives A Aᵀ by rows and AᵀA by columns", () => {
  const rows = widen(randomMatrix(37, 290, "gram"));
  const byRows = algebra.gram64(rows, "rows");
  const byColumns = algebra.gram64(rows, "columns");
  const v = rows.values;
  assert.ok(distance(byRows, (i, j) => sum(290, (k) => v[i * 290 + k] * v[j * 290 + k])) < 1e-11);
  assert.ok(distance(byColumns, (i, j) => sum(37, (k) => v[k * 290 + i] * v[k * 290 + j])) < 1e-11);
});

function assertEigenpairs(matrix: Matrix64, count: number): Float64Array {
  const { values, vectors } = algebra.symmetricEigen(matrix, count);
  const n = matrix.rows;
  const at = (row: number, column: number) => vectors.values[row * vectors.columns + column];
  const norm = Math.max(Math.abs(values[0]), ...matrix.values.map(Math.abs), Number.MIN_VALUE);
  assert.is(values.length, count);
  for (let j = 0; j < count; j += 1) {
    if (j > 0) assert.ok(values[j] <= values[j - 1]);
    for (let i = 0; i < n; i += 1) {
      const image = sum(n, (k) => matrix.values[i * n + k] * at(k, j));
      assert.ok(Math.abs(image - values[j] * at(i, j)) <= 1e-14 * n * norm, "A v = λ v");
    }
    for (let l = 0; l <= j; l += 1) {
      const overlap = sum(n, (k) => at(k, l) * at(k, j));
      assert.ok(Math.abs(overlap - (l === j ? 1 : 0)) < 1e-13, "orthonormal");
    }
  }
  return values;
}

function symmetric(n: number, entry: (row: number, column: number) => number): Matrix64 {
  const values = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) values[i * n + j] = values[j * n + i] = entry(i, j);
  }
  return { rows: n, columns: n, values };
}

test("eigenpairs of ties, clusters, zero, one by one, rank one and Wilkinson's matrix hold", () => {
  const identity = assertEigenpairs(
    symmetric(50, (i, j) => (i === j ? 1 : 0)),
    50,
  );
  assert.ok(identity.every((value) => Math.abs(value - 1) < 1e-15));
  assertEigenpairs(
    symmetric(9, () => 0),
    9,
  );
  assert.is(assertEigenpairs({ rows: 1, columns: 1, values: Float64Array.of(-3) }, 1)[0], -3);
  const ones = assertEigenpairs(
    symmetric(60, () => 1),
    60,
  );
  assert.ok(Math.abs(ones[0] - 60) < 1e-12 && Math.abs(ones[1]) < 1e-13);
  const wilkinson = symmetric(21, (i, j) => (i === j ? Math.abs(10 - i) : i - j === 1 ? 1 : 0));
  assert.ok(Math.abs(assertEigenpairs(wilkinson, 21)[0] - 10.746194182903393) < 1e-13);
  assertEigenpairs(
    symmetric(80, (i, j) => (i === j ? 1 + 1e-13 * (i % 3) : 0)),
    40,
  );
});

test("eigenpairs of graded Gram matrices hold, scaled to either end of the float64 range", () => {
  const rows = widen(randomMatrix(90, 90, "graded"));
  const graded = algebra.gram64(
    { ...rows, values: rows.values.map((value, index) => value * 10 ** (-(index % 90) / 8)) },
    "rows",
  );
  assertEigenpairs(graded, 90);
  assertEigenpairs({ ...graded, values: graded.values.map((value) => value * 1e-250) }, 30);
  assertEigenpairs({ ...graded, values: graded.values.map((value) => value * 1e250) }, 30);
});

test("eigenpairs of any small symmetric matrix of integers hold", () => {
  const matrices = fc
    .integer({ min: 1, max: 7 })
    .chain((n) => fc.array(fc.integer({ min: -3, max: 3 }), { minLength: n * n, maxLength: n * n }));
  fc.assert(
    fc.property(matrices, (entries) => {
      const n = Math.round(Math.sqrt(entries.length));
      assertEigenpairs(
        symmetric(n, (i, j) => entries[i * n + j]),
        n,
      );
    }),
    { numRuns: 200, seed: 1 },
  );
});

test("the largest few pairs of a large matrix hold: ties, clusters, graded, indefinite, rank-deficient", () => {
  const matrix = symmetricWith(manyEigenvalues, "many");
  const sorted = manyEigenvalues.toSorted((left, right) => right - left);
  for (const count of [1, 25, 60]) {
    const { values, vectors } = algebra.symmetricEigen(matrix, count);
    values.forEach((value, i) => {
      assert.ok(Math.abs(value - sorted[i]) < 1e-12 * sorted[0], `${value} is not ${sorted[i]}`);
    });
    const v = vectors.values;
    const overlaps = algebra.gram64(vectors, "columns");
    assert.ok(distance(overlaps, (i, j) => (i === j ? 1 : 0)) < 1e-13);
    for (let row = 0; row < matrix.rows; row += 1) {
      const applied = new Float64Array(count);
      for (let k = 0; k < matrix.rows; k += 1) {
        const factor = matrix.values[row * matrix.rows + k];
        for (let c = 0; c < count; c += 1) applied[c] += factor * v[k * count + c];
      }
      applied.forEach((value, c) => {
        assert.ok(Math.abs(value - values[c] * v[row * count + c]) < 3e-12, `pair ${c}`);
      });
    }
  }
});

test("a matrix with a NaN is refused by name", () => {
  assert.throws(
    () => algebra.symmetricEigen({ rows: 1, columns: 1, values: Float64Array.of(Number.NaN) }, 1),
    (error: Error) => "code" in error && error.code === "NOT_FINITE",
  );
});

test.run();
