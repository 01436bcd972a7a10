import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Matrix } from "../../../engine/engine.js";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { blockKrylov, type KrylovSettings, type KrylovSpectrum } from "../../../engine/spectrum/krylov.js";
import { orthonormalColumns } from "../../../engine/spectrum/leftVectors.js";
import { heldTranspose, type SweepOperator } from "../../../engine/spectrum/operator.js";
import { warmStart } from "../../../engine/spectrum/streamed.js";
import { exactValues, matrixOfSpectrum, matrixOperator, orthogonalityDefect, sequence } from "./matrices.js";

const test = suite("block Krylov");
const algebra = inlineAlgebra();

/** The spectrum of a ResNet20 of ours at initialisation, paper.md §3: 183, 182, 181, 15.4 …, 4.5 …, 1.96 …, 0.96. */
const likeThePaper = (index: number): number => (index < 3 ? 183 - index : 90 / (index + 1) ** 0.99);

interface Case {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[];
  readonly rank: number;
  readonly blockSize: number;
  readonly settings?: Partial<KrylovSettings>;
}

interface Outcome {
  readonly spectrum: KrylovSpectrum;
  readonly exact: readonly number[];
  readonly matrix: Matrix;
}

/** Runs and checks what must hold for every J: orthonormal basis and left vectors, bounds that bound, ‖J‖_F. */
async function outcome(
  name: string,
  { rows, columns, values, rank, blockSize, settings }: Case,
): Promise<Outcome> {
  const { matrix } = await matrixOfSpectrum(algebra, rows, columns, values, name);
  const { operator, blocks } = recorded(matrixOperator(algebra, matrix));
  const spectrum = await blockKrylov(operator, algebra, {
    ...{ rank, blockSize, tolerance: 1e-4, maxSweeps: 30, random: randomSource(`${name} start`) },
    ...settings,
  });
  const exact = await exactValues(algebra, matrix, rank + 1);
  const left = await orthonormalColumns(
    algebra,
    await spectrum.leftVectors(),
    rows,
    rank,
    randomSource("completion"),
  );
  assert.ok((await orthogonalityDefect(algebra, blocks)) <= 1e-5, "the whole basis is orthonormal");
  assert.ok((await orthogonalityDefect(algebra, [left])) <= 1e-6, "left vectors orthonormal");
  const energy = matrix.values.reduce((sum, value) => sum + value * value, 0);
  assert.ok(Math.abs(spectrum.frobeniusSquared - energy) <= 1e-12 * energy);
  assert.is(spectrum.sweeps, blocks.length);
  // The reference itself comes from a Gram matrix and knows no value below 3e-8 of the largest.
  const blur = 3e-8 * exact[0];
  for (let index = 0; index < rank; index += 1) {
    const error = Math.abs(spectrum.singularValues[index] - exact[index]);
    assert.ok(error <= spectrum.residualBounds[index] + blur, `${name}: bound of value ${index}`);
  }
  return { spectrum, exact, matrix };
}

function recorded(operator: SweepOperator): { operator: SweepOperator; blocks: Matrix[] } {
  const blocks: Matrix[] = [];
  const sweep: SweepOperator["sweep"] = (block, work) => {
    blocks.push(block);
    return operator.sweep(block, work);
  };
  return { operator: { ...operator, sweep }, blocks };
}

/** Largest relative error of the values, and of the one after them. */
function worstError({ spectrum, exact }: Outcome): number {
  const found = [...spectrum.singularValues, spectrum.nextSingularValue];
  return Math.max(
    ...found.map((value, index) => Math.abs(value - exact[index]) / Math.max(exact[index], 1e-6 * exact[0])),
  );
}

const accurate: Readonly<Record<string, Case>> = {
  "a spectrum that decays like the paper's": {
    ...{ rows: 600, columns: 1500, rank: 50, blockSize: 75 },
    values: sequence(240, likeThePaper),
  },
  "a rank of twice the block": {
    ...{ rows: 400, columns: 900, rank: 100, blockSize: 50 },
    values: sequence(240, likeThePaper),
  },
  "a cluster across the rank": {
    ...{ rows: 300, columns: 700, rank: 30, blockSize: 40 },
    values: sequence(160, (index) => (index < 60 ? 10 - 1e-6 * index : 5 / index)),
  },
  "a tie across the rank": {
    ...{ rows: 300, columns: 700, rank: 30, blockSize: 40 },
    values: sequence(160, (index) => (index < 60 ? 10 : 1)),
  },
  "more copies of a value than the block has columns": {
    ...{ rows: 300, columns: 700, rank: 50, blockSize: 20 },
    values: sequence(160, (index) => (index < 60 ? 10 : 1)),
  },
  "all values equal, and the rank above the block": {
    ...{ rows: 150, columns: 200, rank: 80, blockSize: 30 },
    values: sequence(150, () => 1),
  },
  "fewer rows than the block has columns": {
    ...{ rows: 10, columns: 400, rank: 5, blockSize: 30 },
    values: sequence(10, (index) => 10 / (index + 1)),
  },
  "every value of a matrix with few rows": {
    ...{ rows: 10, columns: 400, rank: 10, blockSize: 30 },
    values: sequence(10, (index) => 10 / (index + 1)),
  },
  "fewer columns than rows": {
    ...{ rows: 500, columns: 60, rank: 20, blockSize: 30 },
    values: sequence(60, (index) => 10 / (index + 1)),
  },
  "every value of a matrix with few columns": {
    ...{ rows: 500, columns: 60, rank: 60, blockSize: 60 },
    values: sequence(60, (index) => 10 / (index + 1)),
  },
  "one row": { rows: 1, columns: 50, rank: 1, blockSize: 5, values: [3] },
  "one column": { rows: 50, columns: 1, rank: 1, blockSize: 5, values: [3] },
  "five decades in forty values": {
    ...{ rows: 200, columns: 500, rank: 40, blockSize: 60 },
    values: sequence(200, (index) => 10 ** (-index / 8)),
  },
};

for (const [name, problem] of Object.entries(accurate)) {
  test(`${name}: the values agree with the exact ones within the tolerance`, async () => {
    const result = await outcome(name, problem);
    assert.ok(result.spectrum.converged);
    assert.ok(worstError(result) <= 1e-4, `worst error ${worstError(result)}`);
  });
}

test("values beyond the rank of J are exactly 0 and their left vectors complete an orthonormal set", async () => {
  for (const blockSize of [2, 20]) {
    const problem = { rows: 200, columns: 500, values: [5, 3, 1], rank: 10, blockSize };
    const { spectrum } = await outcome(`rank three, block ${blockSize}`, problem);
    assert.ok(spectrum.converged);
    assert.equal(Array.from(spectrum.singularValues.slice(3)), [0, 0, 0, 0, 0, 0, 0]);
    assert.is(spectrum.nextSingularValue, 0);
    assert.ok(Math.abs(spectrum.singularValues[2] - 1) < 1e-6);
  }
});

test("a zero matrix has zero values, is exact after one sweep and still has left vectors", async () => {
  const { spectrum } = await outcome("zero", {
    rows: 100,
    columns: 200,
    values: [0],
    rank: 5,
    blockSize: 10,
  });
  assert.equal(Array.from(spectrum.singularValues), [0, 0, 0, 0, 0]);
  assert.is(spectrum.sweeps, 1);
  assert.ok(spectrum.exact && spectrum.converged);
});

test("too few sweeps are said to be too few, and the bounds still hold", async () => {
  const problem = { ...accurate["a spectrum that decays like the paper's"], settings: { maxSweeps: 2 } };
  const result = await outcome("two sweeps", problem);
  assert.not(result.spectrum.converged);
  assert.not(result.spectrum.exact);
  assert.ok(worstError(result) > 1e-3);
});

test("columns never exceed min(p, nK + b)", async () => {
  const { matrix } = await matrixOfSpectrum(
    algebra,
    12,
    300,
    sequence(12, () => 1),
    "columns",
  );
  const { operator, blocks } = recorded(matrixOperator(algebra, matrix));
  const settings = { rank: 12, blockSize: 20, tolerance: 0, maxSweeps: 30, random: randomSource("c") };
  await blockKrylov(operator, algebra, settings);
  assert.ok(blocks.reduce((sum, block) => sum + block.columns, 0) <= 32);
});

test("the transpose of held rows, in one block or in several, has the values of the matrix", async () => {
  const { matrix } = await matrixOfSpectrum(algebra, 90, 200, sequence(90, likeThePaper), "held");
  const part = (first: number, rows: number): Matrix => ({
    ...{ rows, columns: 200 },
    values: matrix.values.slice(first * 200, (first + rows) * 200),
  });
  const settings = { rank: 10, blockSize: 20, tolerance: 1e-6, maxSweeps: 30 };
  const run = (blocks: Matrix[]) =>
    blockKrylov(heldTranspose(algebra, blocks, 1), algebra, { ...settings, random: randomSource("h") });
  const exact = await exactValues(algebra, matrix, 10);
  for (const blocks of [[matrix], [part(0, 40), part(40, 1), part(41, 49)]]) {
    const { singularValues } = await run(blocks);
    for (const [index, value] of exact.entries()) {
      assert.ok(Math.abs(singularValues[index] - value) < 1e-6 * value, `value ${index}`);
    }
  }
});

/** J, and J with a new direction, orthogonal to the old right space, of singular value `size`. */
async function withNewDirection(size: number): Promise<{ before: Matrix; after: Matrix }> {
  const values = sequence(60, likeThePaper);
  const { matrix, left, right } = await matrixOfSpectrum(
    algebra,
    120,
    400,
    [...values, size],
    "new direction",
  );
  const before = { ...matrix, values: matrix.values.slice() };
  for (let row = 0; row < 120; row += 1) {
    for (let column = 0; column < 400; column += 1) {
      const share = size * left.values[row * 61 + 60] * right.values[column * 61 + 60];
      before.values[row * 400 + column] -= share;
    }
  }
  return { before, after: matrix };
}

test("a warm start finds a large direction outside the old space", async () => {
  const { before, after } = await withNewDirection(120);
  const settings = { rank: 10, blockSize: 35, tolerance: 1e-4, maxSweeps: 30 };
  const old = await blockKrylov(matrixOperator(algebra, before), algebra, {
    ...settings,
    random: randomSource("old"),
  });
  const exact = await exactValues(algebra, after, 11);
  const { operator, blocks } = recorded(matrixOperator(algebra, after));
  const rightVectors = await old.rightVectors();
  const warm = await blockKrylov(operator, algebra, {
    ...settings,
    random: randomSource("warm"),
    start: await warmStart(rightVectors, randomSource("fresh")),
  });
  const error = Math.max(
    ...exact.slice(0, 10).map((value, i) => Math.abs(warm.singularValues[i] - value) / value),
  );
  assert.ok(Math.abs(exact[3] - 120) < 1e-3, "the new direction is the fourth");
  assert.ok(error < 1e-4, `error ${error}`);
  assert.ok(warm.sweeps >= 2);
  assert.is(blocks[0].columns, rightVectors.columns + 8);
});

test("a warm start on a J that hardly moved needs fewer sweeps than a cold one", async () => {
  const { matrix } = await matrixOfSpectrum(algebra, 300, 700, sequence(150, likeThePaper), "moved");
  const moved = {
    ...matrix,
    values: matrix.values.map((value, index) => value * (1 + 1e-5 * Math.sin(index))),
  };
  const settings = { rank: 20, blockSize: 45, tolerance: 1e-4, maxSweeps: 30 };
  const run = (random: string, start?: Matrix) =>
    blockKrylov(matrixOperator(algebra, moved), algebra, {
      ...settings,
      random: randomSource(random),
      ...(start && { start }),
    });
  const first = await blockKrylov(matrixOperator(algebra, matrix), algebra, {
    ...settings,
    random: randomSource("first"),
  });
  const cold = await run("cold");
  const warm = await run("warm", await warmStart(await first.rightVectors(), randomSource("fresh")));
  assert.ok(warm.converged && warm.sweeps < cold.sweeps, `${warm.sweeps} against ${cold.sweeps}`);
});

test("changing one entry of J changes the values", async () => {
  const { matrix } = await matrixOfSpectrum(algebra, 40, 90, sequence(40, likeThePaper), "perturbed");
  const settings = { rank: 5, blockSize: 20, tolerance: 1e-6, maxSweeps: 30 };
  const run = (values: Float32Array) =>
    blockKrylov(matrixOperator(algebra, { ...matrix, values }), algebra, {
      ...settings,
      random: randomSource("p"),
    });
  const other = matrix.values.slice();
  other[17] += 10;
  const [before, after] = [await run(matrix.values), await run(other)];
  assert.ok(Math.abs(before.singularValues[3] - after.singularValues[3]) > 1e-4 * before.singularValues[3]);
});

test("float32 sums in the sweep, as engines have them, still give the values to the tolerance", async () => {
  const values = sequence(200, likeThePaper);
  const { matrix } = await matrixOfSpectrum(algebra, 200, 400, values, "float32 sums");
  const spectrum = await blockKrylov(float32Jacobian(matrix), algebra, {
    ...{ rank: 30, blockSize: 55, tolerance: 1e-4, maxSweeps: 12, random: randomSource("float32") },
  });
  const exact = await exactValues(algebra, matrix, 30);
  const error = Math.max(...exact.map((value, i) => Math.abs(spectrum.singularValues[i] - value) / value));
  assert.ok(spectrum.converged && error < 1e-4, `error ${error}`);
});

/** Multiplies with every sum rounded to float32, row after row. */
function float32Jacobian(matrix: Matrix): SweepOperator {
  const { rows, columns, values } = matrix;
  return {
    rows,
    columns,
    async sweep(block) {
      const width = block.columns;
      const product = new Float32Array(rows * width);
      const backProduct = new Float32Array(columns * width);
      let frobeniusSquared = 0;
      for (let row = 0; row < rows; row += 1) {
        const image = product.subarray(row * width, (row + 1) * width);
        for (let column = 0; column < columns; column += 1) {
          const entry = values[row * columns + column];
          frobeniusSquared += entry * entry;
          for (let b = 0; b < width; b += 1) image[b] += entry * block.values[column * width + b];
        }
        for (let column = 0; column < columns; column += 1) {
          const entry = values[row * columns + column];
          for (let b = 0; b < width; b += 1) backProduct[column * width + b] += entry * image[b];
        }
      }
      return {
        product: { rows, columns: width, values: product },
        backProduct: { rows: columns, columns: width, values: backProduct },
        frobeniusSquared,
      };
    },
  };
}

test("a NaN in J is an error with a code, and an aborted run stops", async () => {
  const bad = { rows: 2, columns: 3, values: Float32Array.of(1, 2, Number.NaN, 0, 0, 1) };
  const settings = { rank: 1, blockSize: 2, tolerance: 1e-4, maxSweeps: 5 };
  const code = async (promise: Promise<unknown>) => {
    try {
      await promise;
      return "none";
    } catch (error) {
      return error instanceof Error && "code" in error ? error.code : (error as Error).name;
    }
  };
  const run = (matrix: Matrix, signal?: AbortSignal) =>
    blockKrylov(
      matrixOperator(algebra, matrix),
      algebra,
      { ...settings, random: randomSource("n") },
      signal ? { signal } : {},
    );
  assert.is(await code(run(bad)), "NOT_FINITE");
  const stop = AbortSignal.abort(Object.assign(new Error("stop"), { code: "STOPPED" }));
  assert.is(await code(run({ ...bad, values: new Float32Array(6) }, stop)), "STOPPED");
});

test.run();
