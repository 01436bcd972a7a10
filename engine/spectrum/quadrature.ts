import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { LinearAlgebra, Matrix, Matrix64, WorkOptions } from "../engine.js";
import type { RandomSource } from "../random.js";
import { gaussianMatrix } from "./blocks.js";
import { type SweepOperator, timedSweep } from "./operator.js";
import { orthonormalBlock, orthonormalRemainder, remainderOf } from "./orthonormal.js";
import { assess, grownGram, numericalZero, type OpenRemainder } from "./ritz.js";

/** A measure of mass 1 over the eigenvalues of AᵀA, as many as A has columns, concentrated on Ritz values. */
export interface Quadrature {
  /** Ritz values of AᵀA as singular values, descending; those below rounding are 0. */
  readonly singularValues: Float64Array;
  /** ‖AᵀAv − σ²v‖/σ of each: a singular value of A lies within. */
  readonly residualBounds: Float64Array;
  /** Their weights: the squared norm of a Ritz vector's components in the first block, over b; the sum is 1. */
  readonly weights: Float64Array;
  /** ‖A‖_F². */
  readonly frobeniusSquared: number;
  readonly sweeps: number;
  /** Whether the basis came to span all that A can reach: the values are then those of A, each once. */
  readonly complete: boolean;
}

export interface QuadratureSettings {
  /** b: columns of the random orthonormal block to start from. */
  readonly columns: number;
  /** Blocks at most; fewer when the basis comes to hold all that the first block reaches. */
  readonly sweeps: number;
  readonly random: RandomSource;
}

/**
 * The distribution of the squared singular values of A by block Lanczos quadrature (Golub and Meurant): from a random
 * orthonormal Q_0, blocks Q_{t+1} = orth(AᵀA Q_t) against all earlier ones, the eigenpairs of QᵀAᵀAQ = YᵀY, Y = AQ. Were
 * each column of Q_0 alike on all eigenvectors the rule would be Gauss's; being random, the number of values above a
 * point is off by about (2N/b)^½ where it is N.
 *
 * @throws JacoflowError NOT_FINITE when A holds a NaN or an infinity
 */
export async function blockQuadrature(
  operator: SweepOperator,
  algebra: LinearAlgebra,
  { columns, sweeps, random }: QuadratureSettings,
  work: WorkOptions = {},
): Promise<Quadrature> {
  const width = Math.min(columns, operator.columns);
  const candidate = await gaussianMatrix(random, operator.columns, width);
  let next = await orthonormalBlock(algebra, candidate, [], width);
  const first = next?.columns ?? 0;
  const limit = Math.min(operator.columns, operator.rows + first);
  const blocks: Matrix[] = [];
  const products: Matrix[] = [];
  let gram: Matrix64 | undefined;
  let frobeniusSquared = 0;
  const squaredNorms: number[] = [];
  const open: OpenRemainder[] = [];
  let held = 0;
  while (next !== undefined) {
    const sweep = await timedSweep(operator, next, work);
    work.signal?.throwIfAborted();
    frobeniusSquared = sweep.frobeniusSquared;
    if (!Number.isFinite(frobeniusSquared)) throw spectrumErrors.notFinite("the Jacobian", frobeniusSquared);
    blocks.push(next);
    products.push(sweep.product);
    gram = await grownGram(algebra, gram, products);
    const remainder = await remainderOf(algebra, sweep.backProduct, blocks);
    squaredNorms.push(...remainder.squaredNorms);
    open.splice(0, 1, { offset: held, gram: remainder.gram });
    held += next.columns;
    if (blocks.length === sweeps || held >= limit) break;
    next = await orthonormalRemainder(algebra, remainder, blocks, limit - held);
  }
  const { values, vectors } = await algebra.symmetricEigen(gram!, held);
  const weights = new Float64Array(held);
  for (let row = 0; row < first; row += 1) {
    for (let index = 0; index < held; index += 1) {
      weights[index] += vectors.values[row * held + index] ** 2 / first;
    }
  }
  const norms = Float64Array.from(squaredNorms);
  const { residualBounds } = await assess(values, vectors, norms, open, held, 0);
  return {
    ...{ singularValues: rootsOf(values), residualBounds, weights, frobeniusSquared },
    sweeps: blocks.length,
    complete: held >= limit,
  };
}

/** Square roots of eigenvalues in descending order, those that are rounding being 0. */
export function rootsOf(eigenvalues: Float64Array): Float64Array {
  const floor = Math.max(numericalZero, Math.sqrt(eigenvalues.length * Number.EPSILON));
  const largest = Math.sqrt(Math.max(0, eigenvalues[0] ?? 0));
  return eigenvalues.map((value) => {
    const root = Math.sqrt(Math.max(0, value));
    return root > floor * largest ? root : 0;
  });
}
