import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { EngineRates, LinearAlgebra, Matrix, Matrix64, Model, WorkOptions } from "../engine.js";
import { randomSource } from "../random.js";
import { abortable } from "./abortable.js";
import {
  defaultBlockSize,
  defaultMaxSweeps,
  planSpectrum,
  type SpectrumMethod,
  type SpectrumPlan,
} from "./estimate.js";
import { type ExactSpectrum, exactByColumns, exactByRows, gramOfRows64, type Precision } from "./exact.js";
import { heldSpectrum } from "./held.js";
import type { KrylovKeeper } from "./krylovState.js";
import { orthonormalColumns } from "./leftVectors.js";
import { streamedSpectrum } from "./streamed.js";

export const defaultTolerance = 1e-4;

export interface SpectrumOptions {
  /** Values wanted: 1 … min(nK, p). */
  readonly rank: number;
  readonly method: SpectrumMethod | "auto";
  readonly precision: Precision;
  /** Relative error of a value at which block Krylov stops. Default 1e-4. */
  readonly tolerance?: number;
  /** Default: see `defaultMaxSweeps`. */
  readonly maxSweeps?: number;
  /** Default: see `defaultBlockSize`. */
  readonly blockSize?: number;
  /** `rightBlock` of an earlier Jacobian of the same network: a warm start. */
  readonly start?: Matrix;
  /** Of the right blocks the caller holds, `start` with them. */
  readonly keptBytes?: number;
  /** Of the random block to start from. */
  readonly seed: string;
  /** Bytes. */
  readonly memoryLimit: number;
  /** Gram matrices of earlier calls by their rows: the next of that size may be written over them. Filled here. */
  readonly grams?: Map<number, Matrix64>;
  /** Of the engine, for `auto`. */
  readonly rates: EngineRates;
  /** Of block Krylov on rows that are not held: those take minutes to hours. */
  readonly keeper?: KrylovKeeper;
  /** Is called as a sweep begins, with its number from 1 and the number expected; never for other ways. */
  readonly onSweepStart?: (sweep: number, expected: number) => void;
}

export interface Spectrum extends SpectrumValues {
  readonly method: SpectrumMethod;
  /** Why this method. */
  readonly reason: string;
  /** Estimated before the work began. */
  readonly memoryBytes: number;
}

/** What a way of computing a spectrum finds. */
export interface SpectrumValues {
  /** Whether nothing of J was left out: the method exact, or a Krylov basis that came to hold all of J. */
  readonly exact: boolean;
  /** The `rank` largest singular values of J, descending, float64; those that are 0 in its arithmetic exactly 0. */
  readonly singularValues: Float64Array;
  /** σ_{rank+1}, so that the gap at the rank is known; 0 when there is none. */
  readonly nextSingularValue: number;
  /**
   * nK × rank, rows sample-major (i·K + k), float32, orthonormal columns. The vectors of zero values are an arbitrary
   * orthonormal completion, the same on every run of the same seed.
   */
  readonly leftVectors: Matrix;
  /** ‖Jᵀu − σv‖ for every value: there is a singular value of J within this distance. */
  readonly residualBounds: Float64Array;
  /** ‖J‖_F². */
  readonly frobeniusSquared: number;
  /** Right vectors, p × (rank and guards), when the method made them: the start of the next Jacobian. */
  readonly rightBlock: Matrix | undefined;
  readonly sweeps: number;
  /** false: sweeps, or the memory for more, ran out before the tolerance was met; residualBounds say how good the values are. */
  readonly converged: boolean;
}

/**
 * The largest singular values of a model's Jacobian on these examples (n × d) and their left vectors. Design §5.
 *
 * @throws JacoflowError RANK_TOO_LARGE, MEMORY_LIMIT, PRECISION_NEEDS_EXACT, TOO_FEW_SWEEPS, START_OF_OTHER_SHAPE
 *   before any work; NOT_FINITE when the network gives NaN or infinities
 */
export async function computeSpectrum(
  model: Model,
  engineAlgebra: LinearAlgebra,
  features: Matrix,
  options: SpectrumOptions,
  work: WorkOptions = {},
): Promise<Spectrum> {
  const algebra = abortable(engineAlgebra, work.signal);
  const plan = planFor(model, features.rows, options);
  if (plan.method === "exact") return exactSpectrum(model, algebra, features, options, plan, work);
  const { rank, tolerance = defaultTolerance, start, seed, keeper, onSweepStart } = options;
  const blockSize = Math.min(options.blockSize ?? defaultBlockSize(rank), model.layout.trainableCount);
  const maxSweeps = Math.min(options.maxSweeps ?? defaultMaxSweeps(rank, blockSize), plan.mostSweeps);
  const settings = { rank, blockSize, tolerance, maxSweeps, random: randomSource(seed) };
  const streamed = {
    ...settings,
    ...(start === undefined ? {} : { start }),
    ...(keeper === undefined ? {} : { keeper }),
    onSweepStart: (sweep: number) => onSweepStart?.(sweep, Math.min(maxSweeps, Math.max(sweep, plan.sweeps))),
  };
  const found =
    plan.route === "held-rows"
      ? await heldSpectrum(model, algebra, features, settings, work)
      : await streamedSpectrum(model, algebra, features, streamed, work);
  return { ...found, method: "block-krylov", reason: plan.reason, memoryBytes: plan.memoryBytes };
}

/** {@link planSpectrum} for a model: what `computeSpectrum` would do, before it does it, with its errors. */
export function planFor(model: Model, examples: number, options: SpectrumOptions): SpectrumPlan {
  const { rank, method, precision, blockSize, start, keptBytes = 0, maxSweeps, memoryLimit, rates } = options;
  const parameters = model.layout.trainableCount;
  if (start !== undefined && start.rows !== parameters) {
    throw spectrumErrors.startOfOtherShape(start.rows, parameters);
  }
  const problem = { network: model.network, examples, outputs: model.outputs, parameters };
  const plan = planSpectrum({
    ...problem,
    ...{ rank, method, precision, keptBytes, memoryLimit, rates },
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(start === undefined ? {} : { startColumns: start.columns }),
  });
  const needed = Math.min(rank + 1, parameters, examples * model.outputs);
  if (plan.method === "block-krylov" && maxSweeps !== undefined && maxSweeps * plan.blockSize < needed) {
    throw spectrumErrors.tooFewSweeps(maxSweeps, plan.blockSize, rank);
  }
  return plan;
}

async function exactSpectrum(
  model: Model,
  algebra: LinearAlgebra,
  features: Matrix,
  { rank, precision, seed, grams }: SpectrumOptions,
  { route, reason, memoryBytes }: SpectrumPlan,
  work: WorkOptions,
): Promise<Spectrum> {
  let found: ExactSpectrum;
  if (route === "gram-of-columns") {
    found = await exactByColumns(algebra, model, features, rank, precision, work);
  } else {
    const gram =
      precision === "float64"
        ? await gramOfRows64(algebra, model, features, work)
        : await model.gram(features, work, grams?.get(features.rows * model.outputs));
    if (precision === "float32") grams?.set(gram.rows, gram);
    found = await exactByRows(algebra, gram, rank, precision);
  }
  const rows = features.rows * model.outputs;
  const random = randomSource(seed);
  const leftVectors = await orthonormalColumns(algebra, found.leftVectors, rows, rank, random);
  return {
    ...found,
    ...{ leftVectors, method: "exact", reason, memoryBytes, exact: true, sweeps: 0, converged: true },
  };
}
