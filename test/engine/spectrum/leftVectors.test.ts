import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LinearAlgebra, Matrix } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import { randomSource } from "../../../engine/random.js";
import { besideEachOther, gaussianMatrix, widened } from "../../../engine/spectrum/blocks.js";
import { combinedColumns, orthonormalColumns } from "../../../engine/spectrum/leftVectors.js";

const law = suite("left singular vectors");

const rows = 90;

/** Columns of a matrix, and the largest difference of two numbers of two lists. */
const columnsOf = ({ columns, values }: Matrix) =>
  Array.from({ length: columns }, (_, column) =>
    Float64Array.from({ length: rows }, (_, row) => values[row * columns + column]),
  );
const difference = (left: Float64Array, right: Float64Array) =>
  Math.max(...left.map((value, at) => Math.abs(value - right[at])));

async function orthonormal(algebra: LinearAlgebra, count: number): Promise<Matrix> {
  return orthonormalColumns(algebra, undefined, rows, count, randomSource("given"));
}

law("that are given stay where they are, however many columns are drawn beside them", async () => {
  const engine = await createEngine();
  try {
    const { algebra } = engine;
    for (const given of [1, 6, 64, 70]) {
      const vectors = await orthonormal(algebra, given);
      for (const count of [given, given + 1, given + 15]) {
        const made = await orthonormalColumns(algebra, vectors, rows, count, randomSource("drawn"));
        const columns = columnsOf(made);
        assert.is(columns.length, count);
        columnsOf(vectors).forEach((vector, at) => {
          const moved = difference(vector, columns[at]);
          assert.ok(moved < 1e-6, `${given} given, ${count} wanted: column ${at} moved by ${moved}`);
        });
        for (const [i, left] of columns.entries()) {
          for (const [j, right] of columns.entries()) {
            const product = left.reduce((sum, value, at) => sum + value * right[at], 0);
            assert.ok(Math.abs(product - (i === j ? 1 : 0)) < 1e-6, `columns ${i} and ${j}: ${product}`);
          }
        }
      }
    }
  } finally {
    await engine.close();
  }
});

law(
  "blocks of more rows than are put side by side at a time combine to the numbers of all at once",
  async () => {
    const engine = await createEngine();
    try {
      const { algebra } = engine;
      const tall = 40_001;
      const blocks = [];
      for (const [at, columns] of [3, 1, 4].entries()) {
        blocks.push(await gaussianMatrix(randomSource(`block ${at}`), tall, columns));
      }
      const coefficients = await widened(await gaussianMatrix(randomSource("coefficients"), 8, 5));
      const made = await combinedColumns(algebra, blocks, coefficients);
      const expected = await algebra.combine(await besideEachOther(blocks), coefficients);
      assert.equal([made.rows, made.columns], [tall, 5]);
      assert.ok(made.values.every((value, at) => value === expected.values[at]));
    } finally {
      await engine.close();
    }
  },
);

law.run();
