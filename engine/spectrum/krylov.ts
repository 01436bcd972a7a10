import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { LinearAlgebra, Matrix, Matrix64, WorkOptions } from "../engine.js";
import type { RandomSource } from "../random.js";
import { gaussianMatrix, rowRange, skipNormals } from "./blocks.js";
import type { KrylovKeeper } from "./krylovState.js";
import { combinedColumns } from "./leftVectors.js";
import { type SweepOperator, timedSweep } from "./operator.js";
import { orthonormalBlock, orthonormalRemainder, remainderOf } from "./orthonormal.js";
import { type Assessment, assess, coefficientsOf, grownGram } from "./ritz.js";

/** Ritz vectors kept beyond the rank, for a warm start and as guards of the error estimate. */
export const guardCount = 25;

/** Random columns of a block that is drawn because nothing else is left to go on with, at least. */
const freshColumns = 8;

/** Energy of J outside the basis that float32 sweeps cannot tell from none. */
const negligibleEnergy = 1e-5;

export interface KrylovSettings {
  /** Values wanted, at most min(nK, p). One more is computed, so that the gap is known. */
  readonly rank: number;
  /** Columns of a block. */
  readonly blockSize: number;
  /** Bound on the estimated relative error of every value. */
  readonly tolerance: number;
  readonly maxSweeps: number;
  readonly random: RandomSource;
  /** Columns to start from, orthonormal or not, which are written over; without them `blockSize` random ones. */
  readonly start?: Matrix;
  /** Sweeps before the first belief in convergence. Default 2. */
  readonly leastSweeps?: number;
  /** Keeps the state between sweeps, so that a computation that was cut off goes on to the same numbers. */
  readonly keeper?: KrylovKeeper;
  /** Is called as a sweep begins, with its number from 1. */
  readonly onSweepStart?: (sweep: number) => void;
}

export interface KrylovSpectrum {
  /** The `rank` largest, descending; what is 0 in float32 is exactly 0. */
  readonly singularValues: Float64Array;
  /** σ_{rank+1}; 0 when rank is all there can be. */
  readonly nextSingularValue: number;
  /** rows × (values above 0), float32, a vector a column, orthonormal but for rounding. undefined when all are 0. */
  leftVectors(): Promise<Matrix | undefined>;
  /** columns × (up to rank + guards), float32, orthonormal columns. */
  rightVectors(): Promise<Matrix>;
  /** Bounds on ‖Aᵀu − σv‖. */
  readonly residualBounds: Float64Array;
  /** min(ρ, σρ²/(2(σ² − μ²)))/σ for every value, μ bounding what the basis does not hold (ritz.ts). */
  readonly errorEstimates: Float64Array;
  /** ‖A‖_F². */
  readonly frobeniusSquared: number;
  readonly sweeps: number;
  /** Whether every value met the tolerance or the floor of float32 arithmetic. */
  readonly converged: boolean;
  /** Whether the basis came to hold all of A that float32 sweeps can see. */
  readonly exact: boolean;
}

/** One finished round: the basis, its products, and what they say. */
interface Round {
  readonly vectors: Matrix64;
  readonly assessment: Assessment;
  readonly exact: boolean;
  readonly converged: boolean;
}

/**
 * The largest singular values of A (J, or Jᵀ) and their vectors by block Krylov (design §5): Q_{t+1} = orth(AᵀA Q_t)
 * against all earlier blocks, values from the SVD of [AQ_0 … AQ_t] by its float64 Gram matrix; at most
 * min(columns, rows + b) columns.
 *
 * Stops when every value's estimated error meets the tolerance (after `leastSweeps`), when nothing is left to
 * add (exact), or after `maxSweeps`, which the result says. A start block of b random columns sees at most b copies
 * of a value: when b is below the rank a first convergence is therefore confirmed with a fresh random block, and
 * when the next block is empty while A has energy outside the basis, a fresh block goes on.
 *
 * @throws JacoflowError NOT_FINITE when A holds a NaN or an infinity
 */
export async function blockKrylov(
  operator: SweepOperator,
  algebra: LinearAlgebra,
  settings: KrylovSettings,
  work: WorkOptions = {},
): Promise<KrylovSpectrum> {
  const { rank, tolerance, maxSweeps, random, keeper } = settings;
  const { rows, columns } = operator;
  const most = Math.min(rows, columns);
  const wanted = Math.min(rank + 1, most);
  const kept = await keeper?.restore();
  let drawn = kept?.drawn ?? 0;
  await skipNormals(random, drawn);
  const draw = (width: number): Promise<Matrix> => {
    drawn += columns * width;
    return gaussianMatrix(random, columns, width);
  };
  const first = kept?.blocks[0] ?? (await startBlock(algebra, settings, columns, draw));
  const limit = Math.min(columns, rows + first.columns);
  const blocks = [...(kept?.blocks ?? [])];
  const products = [...(kept?.products ?? [])];
  const squaredNorms = [...(kept?.squaredNorms ?? [])];
  const skipped = [...(kept?.skipped ?? [])];
  let gram = kept?.gram;
  let frobeniusSquared = 0;
  let unconfirmed = kept?.unconfirmed ?? (settings.start === undefined && first.columns < wanted);
  let leastSweeps = kept?.leastSweeps ?? settings.leastSweeps ?? 2;
  let next = kept?.next ?? first;
  let round: Round;

  const fresh = async (width: number): Promise<Matrix | undefined> => {
    const room = limit - squaredNorms.length;
    return orthonormalBlock(algebra, await draw(Math.min(width, room)), blocks, room);
  };

  for (;;) {
    settings.onSweepStart?.(blocks.length + 1);
    const sweep = await timedSweep(operator, next, work);
    work.signal?.throwIfAborted();
    frobeniusSquared = sweep.frobeniusSquared;
    if (!Number.isFinite(frobeniusSquared)) throw spectrumErrors.notFinite("the Jacobian", frobeniusSquared);
    const offset = squaredNorms.length;
    blocks.push(next);
    products.push(sweep.product);
    gram = await grownGram(algebra, gram, products);
    const count = Math.min(gram.rows, Math.max(wanted + 1, rank + guardCount));
    const pairs = await algebra.symmetricEigen(gram, count);
    const remainder = await remainderOf(algebra, sweep.backProduct, blocks);
    squaredNorms.push(...remainder.squaredNorms);
    const open = [...skipped, { offset, gram: remainder.gram }];
    const norms = Float64Array.from(squaredNorms);
    const assessment = await assess(pairs.values, pairs.vectors, norms, open, wanted, tolerance);
    const full = squaredNorms.length >= limit;
    const settled = assessment.converged && blocks.length >= leastSweeps;
    round = {
      vectors: pairs.vectors,
      assessment,
      exact: full,
      converged: full || settled,
    };
    if (full || (settled && !unconfirmed)) break;
    if (blocks.length >= maxSweeps) {
      round = { ...round, converged: false };
      break;
    }
    let continued = settled
      ? undefined
      : await orthonormalRemainder(algebra, remainder, blocks, limit - squaredNorms.length);
    if (continued === undefined) {
      const missing = frobeniusSquared - traceOf(gram);
      const smallest = assessment.values[wanted - 1] ** 2;
      if (!settled && missing <= Math.max(smallest, negligibleEnergy * frobeniusSquared)) {
        round = { ...round, exact: true, converged: true };
        break;
      }
      skipped.push({ offset, gram: remainder.gram });
      continued = await fresh(Math.max(freshColumns, Math.ceil(first.columns / (settled ? 4 : 1))));
      if (settled) {
        unconfirmed = false;
        leastSweeps = blocks.length + 2;
      }
      if (continued === undefined) break;
    }
    next = continued;
    await keeper?.keep({
      ...{ blocks, products, next, gram, squaredNorms, skipped },
      ...{ unconfirmed, leastSweeps, drawn },
    });
  }

  const { values, residualBounds, errorEstimates } = round.assessment;
  if (!round.exact && squaredNorms.length < wanted) {
    residualBounds.fill(Math.sqrt(Math.max(0, frobeniusSquared - traceOf(gram))), squaredNorms.length);
  }
  const positive = Math.min(rank, values.filter((value) => value > 0).length);
  return {
    singularValues: values.slice(0, rank),
    nextSingularValue: values[rank] ?? 0,
    leftVectors: async () => {
      if (positive === 0) return undefined;
      const coefficients = coefficientsOf(round.vectors, positive, values);
      return combinedColumns(algebra, products, coefficients);
    },
    rightVectors: () => combined(algebra, blocks, round.vectors),
    residualBounds: residualBounds.slice(0, rank),
    errorEstimates: errorEstimates.slice(0, rank),
    frobeniusSquared,
    sweeps: blocks.length,
    converged: round.converged,
    exact: round.exact,
  };
}

/** Q_0: orthonormal random columns, or those to start from made orthonormal. */
async function startBlock(
  algebra: LinearAlgebra,
  { start, blockSize }: KrylovSettings,
  columns: number,
  draw: (width: number) => Promise<Matrix>,
): Promise<Matrix> {
  const candidate = start ?? (await draw(Math.min(columns, blockSize)));
  const block = await orthonormalBlock(algebra, candidate, [], columns);
  if (block === undefined) throw spectrumErrors.notFinite("the block to start from", Number.NaN);
  return block;
}

/** V = [Q_0 … Q_t] C, p × count. */
async function combined(
  algebra: LinearAlgebra,
  blocks: readonly Matrix[],
  vectors: Matrix64,
): Promise<Matrix> {
  let result: Matrix | undefined;
  let row = 0;
  for (const block of blocks) {
    const part = rowRange(vectors, row, block.columns);
    row += block.columns;
    result =
      result === undefined
        ? await algebra.combine(block, part)
        : await algebra.subtract(result, block, { ...part, values: part.values.map((value) => -value) });
  }
  return result!;
}

function traceOf(gram: Matrix64): number {
  let sum = 0;
  for (let index = 0; index < gram.rows; index += 1) sum += gram.values[index * (gram.columns + 1)];
  return sum;
}
