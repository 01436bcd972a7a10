import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine, Matrix, Matrix64 } from "../../../engine/engine.js";
import { createNativeEngine } from "../../../engine/native/engine.js";
import { randomSource } from "../../../engine/random.js";
import { manyEigenvalues, symmetricWith } from "../../support/symmetric.js";

const test = suite("the native engine's linear algebra");
let engine: Engine;
test.before(async () => {
  engine = await createNativeEngine({ threads: 2 });
});
test.after(() => engine.close());

const size = fc.integer({ min: 1, max: 70 });
const tall = fc.integer({ min: 1, max: 1500 });

function matrix(rows: number, columns: number, seed: string): Matrix {
  const { normal } = randomSource(seed);
  return { rows, columns, values: new Float32Array(rows * columns).map(normal) };
}
const wide = ({ rows, columns, values }: Matrix): Matrix64 => ({
  rows,
  columns,
  values: Float64Array.from(values),
});

/** A·B in plain loops. */
function times(a: Matrix64, b: Matrix64): Matrix64 {
  const values = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i += 1) {
    for (let k = 0; k < a.columns; k += 1) {
      const left = a.values[i * a.columns + k];
      for (let j = 0; j < b.columns; j += 1) values[i * b.columns + j] += left * b.values[k * b.columns + j];
    }
  }
  return { rows: a.rows, columns: b.columns, values };
}
function transpose({ rows, columns, values }: Matrix64): Matrix64 {
  const turned = values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)]);
  return { rows: columns, columns: rows, values: turned };
}
function near(found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number, what: string): void {
  assert.is(found.length, wanted.length, what);
  let worst = 0;
  let largest = 0;
  for (let i = 0; i < wanted.length; i += 1) {
    worst = Math.max(worst, Math.abs(found[i] - wanted[i]));
    largest = Math.max(largest, Math.abs(wanted[i]));
  }
  assert.ok(worst <= tolerance * largest, `${what}: ${worst} of ${largest}`);
}

test("crossProduct is AᵀB to float64 accuracy", () =>
  fc.assert(
    fc.asyncProperty(tall, size, size, fc.string(), async (m, a, b, seed) => {
      const [left, right] = [matrix(m, a, `${seed} left`), matrix(m, b, `${seed} right`)];
      const { values } = await engine.algebra.crossProduct(left, right);
      const size = Math.sqrt(m);
      times(transpose(wide(left)), wide(right)).values.forEach((value, i) => {
        assert.ok(Math.abs(values[i] - value) <= 1e-12 * size);
      });
    }),
    { numRuns: 30 },
  ));

test("coordinates are V Uᵀ and the remainder is V − C U, to float64 accuracy", () =>
  fc.assert(
    fc.asyncProperty(size, tall, size, fc.string(), async (r, m, b, seed) => {
      const basis = matrix(r, m, `${seed} basis`);
      const vectors = wide(matrix(b, m, `${seed} vectors`));
      const inside = await engine.algebra.coordinates(basis, vectors);
      near(inside.values, times(vectors, transpose(wide(basis))).values, 1e-12, "coordinates");
      const outside = await engine.algebra.remainder(vectors, basis, inside);
      const part = times(inside, wide(basis)).values;
      near(
        outside.values,
        vectors.values.map((value, i) => value - part[i]),
        1e-12,
        "remainder",
      );
    }),
    { numRuns: 30 },
  ));

test("combine is AC and subtract puts B − AC in the place of B, rounded to float32 once", () =>
  fc.assert(
    fc.asyncProperty(tall, size, size, fc.string(), async (m, a, b, seed) => {
      const [basis, target] = [matrix(m, a, `${seed} basis`), matrix(m, b, `${seed} target`)];
      const coefficients = wide(matrix(a, b, `${seed} c`));
      const product = times(wide(basis), coefficients).values;
      near((await engine.algebra.combine(basis, coefficients)).values, product, 6e-8, "combine");
      const over = matrix(m, b + 1, `${seed} over`);
      const combined = await engine.algebra.combine(basis, coefficients, over);
      assert.is(combined.values.buffer, over.values.buffer);
      near(combined.values, product, 6e-8, "combine");
      const rest = target.values.map((value, i) => value - product[i]);
      const written = await engine.algebra.subtract(target, basis, coefficients);
      assert.is(written.values.buffer, target.values.buffer);
      near(written.values, rest, 6e-8, "subtract");
    }),
    { numRuns: 30 },
  ));

/** A matrix of rows cut into blocks, an empty one among them. */
function inBlocks({ rows, columns, values }: Matrix, cut: number): Matrix[] {
  return [
    [0, cut],
    [cut, cut],
    [cut, rows],
  ].map(([first, end]) => ({
    ...{ rows: end - first, columns },
    values: values.slice(first * columns, end * columns),
  }));
}

test("heldGram is AAᵀ, and heldSweep AᵀX and A(AᵀX), of rows in blocks, to float32 accuracy", () =>
  fc.assert(
    fc.asyncProperty(
      fc.tuple(
        fc.integer({ min: 1, max: 130 }),
        fc.integer({ min: 1, max: 2600 }),
        size,
        fc.nat(),
        fc.string(),
      ),
      async ([m, p, b, cut, seed]) => {
        const [a, x] = [matrix(m, p, `${seed} a`), matrix(m, b, `${seed} x`)];
        const blocks = inBlocks(a, cut % (m + 1));
        const gram = await engine.algebra.heldGram(blocks);
        near(gram.values, times(wide(a), transpose(wide(a))).values, 1e-6, "gram");
        const { product, backProduct } = await engine.algebra.heldSweep(blocks, x);
        const image = times(transpose(wide(a)), wide(x));
        near(product.values, image.values, 1e-6, "AᵀX");
        near(backProduct.values, times(wide(a), image).values, 2e-6, "A(AᵀX)");
      },
    ),
    { numRuns: 20 },
  ));

test("held products do not depend on the number of threads", async () => {
  const [a, x] = [matrix(70, 5000, "threads a"), matrix(70, 33, "threads x")];
  const one = await createNativeEngine({ threads: 1 });
  const [gram, sweep] = [await engine.algebra.heldGram([a]), await engine.algebra.heldSweep([a], x)];
  assert.equal((await one.algebra.heldGram([a])).values, gram.values);
  assert.equal(await one.algebra.heldSweep([a], x), sweep);
  await one.close();
});

test("gram64 is AAᵀ or AᵀA", () =>
  fc.assert(
    fc.asyncProperty(size, tall, fc.string(), async (rows, columns, seed) => {
      const a = wide(matrix(rows, columns, seed));
      near((await engine.algebra.gram64(a, "rows")).values, times(a, transpose(a)).values, 1e-14, "rows");
      const turned = transpose(a);
      near(
        (await engine.algebra.gram64(turned, "columns")).values,
        times(a, transpose(a)).values,
        1e-14,
        "columns",
      );
    }),
    { numRuns: 20 },
  ));

/** V diag(λ) Vᵀ with random orthonormal V. */
async function withSpectrum(values: readonly number[], seed: string): Promise<Matrix64> {
  const n = values.length;
  const random = wide(matrix(n, n, seed));
  const { vectors } = await engine.algebra.symmetricEigen(times(random, transpose(random)), n);
  const scaled = { ...vectors, values: vectors.values.map((value, at) => value * values[at % n]) };
  return times(scaled, transpose(vectors));
}

async function checkPairs(a: Matrix64, count: number): Promise<Float64Array> {
  const { values, vectors } = await engine.algebra.symmetricEigen(a, count);
  const largest = a.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const applied = times(a, vectors);
  applied.values.forEach((value, at) => {
    const off = Math.abs(value - vectors.values[at] * values[at % count]);
    assert.ok(off <= 1e-12 * a.rows * largest, `A v is off λ v by ${off}`);
  });
  times(transpose(vectors), vectors).values.forEach((value, at) => {
    const wanted = Math.floor(at / count) === at % count ? 1 : 0;
    assert.ok(Math.abs(value - wanted) <= 1e-12, `VᵀV has ${value}`);
  });
  values.forEach((value, i) => {
    assert.ok(i === 0 || value <= values[i - 1], "descending");
  });
  return values;
}

test("symmetricEigen gives orthonormal eigenvectors, values descending, of any symmetric matrix", () =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 90 }), fc.string(), async (n, seed) => {
      const a = wide(matrix(n, n, seed));
      const turned = transpose(a);
      const symmetric = { ...a, values: a.values.map((value, i) => value + turned.values[i]) };
      await checkPairs(symmetric, Math.max(1, n >> 1));
    }),
    { numRuns: 25 },
  ));

test("symmetricEigen finds ties, clusters, zeros and wide ranges", async () => {
  const spectra = [
    [5, 5, 5, 5, 1, 1, 1, 0, 0, 0, 0],
    Array.from({ length: 60 }, (_, i) => 10 ** (-i / 5)),
    Array.from({ length: 300 }, (_, i) => (i < 20 ? 3 + 1e-9 * i : 0)),
    [1e-200, 1e-201, 0],
    [1e200, 1, 1e-100],
    [0, 0, 0],
  ];
  for (const [index, spectrum] of spectra.entries()) {
    const a = await withSpectrum(spectrum, `spectrum ${index}`);
    const found = await checkPairs(a, spectrum.length);
    const sorted = spectrum.toSorted((x, y) => y - x);
    near(found, sorted, 1e-12, `spectrum ${index}`);
  }
});

test("symmetricEigen of a diagonal, an arrow and a large random matrix", async () => {
  const diagonal = { rows: 5, columns: 5, values: new Float64Array(25) };
  [3, -1, 7, 0, 7].forEach((value, i) => {
    diagonal.values[i * 6] = value;
  });
  assert.equal([...(await checkPairs(diagonal, 5))], [7, 7, 3, 0, -1]);
  const n = 700;
  const tallOne = wide(matrix(n, 40, "large"));
  const found = await checkPairs(await engine.algebra.gram64(tallOne, "rows"), 60);
  assert.ok(found[39] > 1 && Math.abs(found[40]) < 1e-9);
});

test("symmetricEigen of the largest few of many: ties, clusters, graded, indefinite, rank-deficient", async () => {
  const sorted = manyEigenvalues.toSorted((left, right) => right - left);
  for (const count of [1, 25, 60]) {
    const found = await checkPairs(symmetricWith(manyEigenvalues, "many"), count);
    near(found, sorted.slice(0, count), 1e-12, `${count} of 1100`);
  }
});

test("symmetricEigen gives the same bits whatever problems came before", async () => {
  const problem = (n: number, seed: string) => {
    const { values } = matrix(n, n, seed);
    return {
      ...{ rows: n, columns: n },
      values: Float64Array.from({ length: n * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        return values[i * n + j] + values[j * n + i];
      }),
    };
  };
  const [large, small, middle] = [problem(900, "large"), problem(40, "small"), problem(700, "middle")];
  const solve = (on: Engine, given: Matrix64) => on.algebra.symmetricEigen(given, 8);
  const fresh = await createNativeEngine({ threads: 2 });
  const first = await solve(fresh, middle);
  await fresh.close();
  await solve(engine, large);
  await solve(engine, small);
  const later = await solve(engine, middle);
  assert.equal(later.values, first.values);
  assert.equal(later.vectors.values, first.vectors.values);
});

test("symmetricEigen of a large flat spectrum holds: there is no quick way", async () => {
  const values = Array.from({ length: 640 }, (_, i) => 1 + 1e-7 * i);
  const found = await checkPairs(symmetricWith(values, "flat"), 20);
  near(found, values.toReversed().slice(0, 20), 1e-12, "flat");
});

test.run();
