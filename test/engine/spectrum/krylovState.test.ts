import { suite } from "uvu";
import * as assert from "uvu/assert";
import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { gaussianMatrix } from "../../../engine/spectrum/blocks.js";
import { blockKrylov, type KrylovSettings } from "../../../engine/spectrum/krylov.js";
import type { KrylovState } from "../../../engine/spectrum/krylovState.js";
import type { SweepOperator } from "../../../engine/spectrum/operator.js";
import { matrixOfSpectrum, matrixOperator, sequence } from "./matrices.js";

const test = suite("block Krylov, cut off and gone on with");
const algebra = inlineAlgebra();

interface Case {
  readonly values: readonly number[];
  readonly rank: number;
  readonly blockSize: number;
  readonly warm?: true;
}

const cases: Readonly<Record<string, Case>> = {
  "a decaying spectrum": { values: sequence(160, (index) => 90 / (index + 1)), rank: 20, blockSize: 30 },
  "a warm start": { values: sequence(160, (index) => 90 / (index + 1)), rank: 20, blockSize: 30, warm: true },
  "copies of a value that need fresh random columns": {
    ...{ values: sequence(160, (index) => (index < 60 ? 10 : 1)), rank: 50, blockSize: 20 },
  },
};

/** All of a result, the vectors too; and the number drawn after it. */
async function wholeResult(operator: SweepOperator, { start, ...given }: Omit<KrylovSettings, "random">) {
  const random = randomSource("start");
  const own = start === undefined ? {} : { start: { ...start, values: start.values.slice() } };
  const settings = { ...given, ...own, random };
  const { leftVectors, rightVectors, ...found } = await blockKrylov(operator, algebra, settings);
  return { ...found, left: await leftVectors(), right: await rightVectors(), next: random.normal() };
}

for (const [name, { values, rank, blockSize, warm }] of Object.entries(cases)) {
  test(`${name}: from the state after any sweep it comes to the same numbers, bit for bit, in the sweeps that are left`, async () => {
    const { matrix } = await matrixOfSpectrum(algebra, 250, 400, values, name);
    const operator = matrixOperator(algebra, matrix);
    const start = warm ? { start: await gaussianMatrix(randomSource("warm"), 400, blockSize) } : {};
    const settings = { rank, blockSize, tolerance: 1e-5, maxSweeps: 30, ...start };
    const states: KrylovState[] = [];
    const keep = async (state: KrylovState) => {
      const { blocks, products, squaredNorms, skipped } = state;
      states.push({
        ...state,
        ...{ blocks: [...blocks], products: [...products] },
        ...{ squaredNorms: [...squaredNorms], skipped: [...skipped] },
      });
    };
    const kept = await wholeResult(operator, {
      ...settings,
      keeper: { restore: async () => undefined, keep },
    });
    assert.equal(await wholeResult(operator, settings), kept, "keeping changes nothing");
    assert.is(states.length, kept.sweeps - 1);
    assert.ok(states.length >= 2);
    for (const [index, state] of states.entries()) {
      const sweeps: number[] = [];
      const result = await wholeResult(operator, {
        ...settings,
        keeper: { restore: async () => state, keep: async () => {} },
        onSweepStart: (sweep) => sweeps.push(sweep),
      });
      assert.equal(result, kept);
      assert.equal(
        sweeps,
        sequence(kept.sweeps - index - 1, (after) => index + 2 + after),
      );
    }
  });
}

test.run();
