import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { LinearAlgebra, Matrix, Model, WorkOptions } from "../engine.js";
import { columnRange, rounded } from "./blocks.js";
import { exampleRange } from "./exact.js";
import { blockKrylov, type KrylovSettings } from "./krylov.js";
import { orthonormalColumns } from "./leftVectors.js";
import { heldTranspose } from "./operator.js";
import type { SpectrumValues } from "./spectrum.js";

/** Vectors beyond the rank: the value after it, and guards of the error estimate. */
export const heldGuards = 10;

/** Rows of J that are asked for at a time: about this many bytes. */
const blockBytes = 256 * 2 ** 20;

/**
 * Block Krylov on Jᵀ with the rows of J held (nK ≤ p), from the eigenvectors of their float32 Gram matrix. Those are the
 * left vectors but for rounding, so that one sweep gives the values, measures what is missing, and as a rule ends it.
 *
 * @throws JacoflowError NOT_FINITE when J holds a NaN or an infinity
 */
export async function heldSpectrum(
  model: Model,
  algebra: LinearAlgebra,
  features: Matrix,
  settings: KrylovSettings,
  work: WorkOptions = {},
): Promise<SpectrumValues> {
  const { rank, random } = settings;
  const blocks = await heldRows(model, algebra, features, work);
  const gram = await algebra.heldGram(blocks);
  let frobeniusSquared = 0;
  for (let row = 0; row < gram.rows; row += 1) frobeniusSquared += gram.values[row * (gram.rows + 1)];
  if (!Number.isFinite(frobeniusSquared)) throw spectrumErrors.notFinite("the Jacobian", frobeniusSquared);
  const { vectors } = await algebra.symmetricEigen(gram, Math.min(gram.rows, rank + heldGuards));
  const transpose = heldTranspose(algebra, blocks, frobeniusSquared);
  const start = await rounded(vectors);
  const found = await blockKrylov(transpose, algebra, { ...settings, start, leastSweeps: 1 }, work);
  const { leftVectors, rightVectors, ...values } = found;
  const right = await leftVectors();
  const positive = right?.columns ?? 0;
  const left = positive === 0 ? undefined : columnRange(await rightVectors(), 0, positive);
  return {
    ...values,
    leftVectors: await orthonormalColumns(algebra, left, gram.rows, rank, random),
    rightBlock: right,
  };
}

/** J in blocks of rows that stay in memory. */
async function heldRows(
  model: Model,
  algebra: LinearAlgebra,
  features: Matrix,
  work: WorkOptions,
): Promise<Matrix[]> {
  const bytesOfExample = 4 * model.outputs * model.layout.trainableCount;
  const examples = Math.max(1, Math.floor(blockBytes / bytesOfExample));
  const blocks: Matrix[] = [];
  const { onProgress, ...quiet } = work;
  for (let first = 0; first < features.rows; first += examples) {
    const part = exampleRange(features, first, examples);
    blocks.push(algebra.reachable(await model.rows(part, quiet)));
    onProgress?.(first + part.rows);
  }
  return blocks;
}
