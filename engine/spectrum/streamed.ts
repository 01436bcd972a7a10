import type { LinearAlgebra, Matrix, Model, WorkOptions } from "../engine.js";
import type { RandomSource } from "../random.js";
import { besideEachOther, gaussianMatrix } from "./blocks.js";
import { blockKrylov, type KrylovSettings } from "./krylov.js";
import { orthonormalColumns } from "./leftVectors.js";
import { streamedJacobian } from "./operator.js";
import type { SpectrumValues } from "./spectrum.js";

/** Random columns beside the old vectors of a warm start (design §5): a new direction is missed without them. */
export const freshColumns = 8;

/** Columns of a warm start: the right vectors of an earlier J (p × c) and random ones beside them. */
export async function warmStart(rightVectors: Matrix, random: RandomSource): Promise<Matrix> {
  const { rows } = rightVectors;
  return besideEachOther([rightVectors, await gaussianMatrix(random, rows, Math.min(rows, freshColumns))]);
}

/** Block Krylov on J, whose rows are recomputed in every sweep; `start` are right vectors of an earlier J. Design §5. */
export async function streamedSpectrum(
  model: Model,
  algebra: LinearAlgebra,
  features: Matrix,
  { start, ...settings }: KrylovSettings,
  work: WorkOptions = {},
): Promise<SpectrumValues> {
  const { rank, random } = settings;
  const jacobian = streamedJacobian(model, features);
  const warm = start === undefined ? {} : { start: await warmStart(start, random) };
  const found = await blockKrylov(jacobian, algebra, { ...settings, ...warm }, work);
  const { leftVectors, rightVectors, ...values } = found;
  const left = await orthonormalColumns(algebra, await leftVectors(), jacobian.rows, rank, random);
  return { ...values, leftVectors: left, rightBlock: await rightVectors() };
}
