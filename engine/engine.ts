import type { ParameterLayout } from "./network/layout.js";
import type { Network } from "./network/network.js";

export type EngineName = "native" | "tensorflow-gpu" | "tensorflow" | "wasm" | "cpu";

/** `squared` = mean over the batch of ½‖f − y‖²; `cross-entropy` = mean of −log softmax(f)_label. Paper §1, design §2. */
export type Loss = "squared" | "cross-entropy";

/** Update rules of golden/training.json: momentum m = μm + g, w −= ηm; Adam bias-corrected. */
export type Optimizer =
  | { readonly kind: "gd" | "sgd" }
  | { readonly kind: "momentum"; readonly momentum: number }
  | { readonly kind: "adam"; readonly beta1: number; readonly beta2: number; readonly epsilon: number };

/** A matrix stored row after row. Over a SharedArrayBuffer it reaches workers without a copy. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** The same in float64: Gram matrices, coefficients, eigenvectors. */
export interface Matrix64 {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float64Array;
}

/** Result of one pass over the examples (design §5, sweeps). Rows are sample-major: row i·K + k. */
export interface Sweep {
  /** Y = J Q, nK × b. */
  readonly product: Matrix;
  /** Z = Jᵀ(J Q), p × b. */
  readonly backProduct: Matrix;
  /** ‖row‖² of every row of J, float64, length nK. Their sum is ‖J‖_F². */
  readonly squaredRowNorms: Float64Array;
}

export interface WorkOptions {
  /** Rejects with the signal's reason soon after it aborts. */
  readonly signal?: AbortSignal;
  /** Called with examples done so far in this call. */
  readonly onProgress?: (examplesDone: number) => void;
  /** Called by what makes several sweeps, after each, with the seconds it took. */
  readonly onSweep?: (seconds: number) => void;
}

export interface TrainingOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** n × d, row-major, NHWC. */
  readonly features: Matrix;
  /** Length n, 0 … K−1. */
  readonly labels: Int32Array;
}

/** All that the next step depends on, besides its arguments. */
export interface TrainingState {
  /** Steps done; Adam's bias correction counts them. */
  readonly steps: number;
  /** Flat, layout order, totalCount long, moving statistics among them. */
  readonly parameters: Float32Array;
  /** What the optimiser keeps, trainableCount long each: momentum m, Adam the first and the second moment, others nothing. */
  readonly moments: readonly Float32Array[];
}

/** How many vectors an optimiser keeps from step to step. */
export const momentsKept: Readonly<Record<Optimizer["kind"], number>> = {
  gd: 0,
  sgd: 0,
  momentum: 1,
  adam: 2,
};

/** Optimisation of one model on one set of examples; holds parameters and optimiser state. */
export interface Training {
  /**
   * One step on the examples at `indices`: learningRate × gradient of the batch-mean loss.
   * Batch normalisation uses the batch's statistics and moves its own when `normalisation` is `batch`,
   * and stays frozen at its moving statistics when `moving`. Resolves to the loss before the step, in float64. A step
   * that is stopped leaves parameters and optimiser as they were.
   */
  step(
    indices: Int32Array,
    learningRate: number,
    normalisation: "batch" | "moving",
    work?: Pick<WorkOptions, "signal">,
  ): Promise<number>;
  /** A copy of the flat parameter vector (layout order) after the steps done so far. */
  parameters(): Promise<Float32Array>;
  /** A copy of what the next step depends on. */
  state(): Promise<TrainingState>;
  /** Goes on from a state of the same network and optimiser: the steps after it have the same bits as they had there. */
  restore(state: TrainingState): Promise<void>;
  close(): Promise<void>;
}

/** A network with parameters on an engine. One call at a time is enough: stages open a model each. */
export interface Model {
  readonly network: Network;
  readonly layout: ParameterLayout;
  /** K. */
  readonly outputs: number;
  /** Replaces all parameters (flat, layout order, totalCount long). */
  load(parameters: Float32Array): Promise<void>;
  /** f(x; w): features n × d → n × K. Batch normalisation at its moving statistics. */
  forward(features: Matrix, work?: WorkOptions): Promise<Matrix>;
  /** Rows of J for these examples: nK × p, float32. The caller keeps n small enough to hold them. */
  rows(features: Matrix, work?: WorkOptions): Promise<Matrix>;
  /** The same computed and returned in float64. Slow on engines without float64 arithmetic of their own. */
  rows64(features: Matrix, work?: WorkOptions): Promise<Matrix64>;
  /** Y = JQ, Z = Jᵀ(JQ) over all the examples in blocks; `block` is Q, p × b. J is never held. */
  sweep(features: Matrix, block: Matrix, work?: WorkOptions): Promise<Sweep>;
  /**
   * J Jᵀ, nK × nK, accumulated in float64 from float32 factors; dense layers by (AAᵀ + 1) ⊙ ΔΔᵀ, never by rows.
   * An engine may write it over `over`, an nK × nK matrix that is wanted no more: fresh memory costs more than the sums.
   */
  gram(features: Matrix, work?: WorkOptions, over?: Matrix64): Promise<Matrix64>;
  train(options: TrainingOptions): Promise<Training>;
  close(): Promise<void>;
}

/** One pass over held rows. */
export interface HeldSweep {
  /** Y = AᵀX, p × b. */
  readonly product: Matrix;
  /** Z = A(AᵀX), m × b. */
  readonly backProduct: Matrix;
}

/** Dense linear algebra off the event loop. Sums in float64 where nothing else is said (design §5, block Krylov). */
export interface LinearAlgebra {
  /** The same matrix where calls reach it again and again without a copy of it. */
  reachable(matrix: Matrix): Matrix;
  /** AᵀB: A m × a, B m × b → a × b. */
  crossProduct(left: Matrix, right: Matrix): Promise<Matrix64>;
  /**
   * A·C rounded to float32: A m × a, C a × b → m × b; written over the beginning of `over` where threads share it: another
   * matrix of at least as many numbers, which is wanted no more.
   */
  combine(basis: Matrix, coefficients: Matrix64, over?: Matrix): Promise<Matrix>;
  /** B − A·C rounded to float32: B m × b, A m × a, C a × b. Where threads share B it is written over B: read B no more. */
  subtract(target: Matrix, basis: Matrix, coefficients: Matrix64): Promise<Matrix>;
  /**
   * A Aᵀ of float32 rows that lie in blocks, one below the other. An engine may multiply in float32 and take the sums over
   * into float64 every few hundred terms: good for finding spaces, not for the smallest values.
   */
  heldGram(rows: readonly Matrix[]): Promise<Matrix64>;
  /** Y = AᵀX (p × b) and Z = A Y (m × b), A held in blocks of rows, X m × b; both rounded to float32. */
  heldSweep(rows: readonly Matrix[], block: Matrix): Promise<HeldSweep>;
  /** A Aᵀ of float64 rows (`side: rows`), or AᵀA (`side: columns`). */
  gram64(rows: Matrix64, side: "rows" | "columns"): Promise<Matrix64>;
  /** V Uᵀ in float64: U r × m float32, V b × m → b × r. */
  coordinates(basis: Matrix, vectors: Matrix64): Promise<Matrix64>;
  /** V − C U in float64: V b × m, U r × m float32, C b × r → b × m. */
  remainder(vectors: Matrix64, basis: Matrix, coordinates: Matrix64): Promise<Matrix64>;
  /**
   * Largest `count` eigenpairs of a symmetric matrix, values descending; vectors n × count, one a column.
   */
  symmetricEigen(
    matrix: Matrix64,
    count: number,
  ): Promise<{ readonly values: Float64Array; readonly vectors: Matrix64 }>;
}

/** How fast an engine is, as measured on a machine of 2020 or later: good for comparing ways, not for clocks. */
export interface EngineRates {
  /** Float32 operations a second of passes, sweeps and Gram matrices. */
  readonly network: number;
  /** Operations a second of `heldGram` and `heldSweep`. */
  readonly held: number;
  /** Float64 operations a second of the other products of `LinearAlgebra`. */
  readonly algebra: number;
  /** n³ a second of the reduction of a whole symmetric n × n matrix. */
  readonly reduction: number;
  /** Its results lie in memory that threads share, made in a heap of its own: it takes more for the same (memory plans). */
  readonly sharedMemory?: true;
}

/** What computes. Two engines give the same numbers (design §5). */
export interface Engine {
  readonly name: EngineName;
  readonly rates: EngineRates;
  readonly threads: number;
  /** Package or library versions that shape the numbers, for run.json. */
  readonly versions: Readonly<Record<string, string>>;
  readonly algebra: LinearAlgebra;
  /** Checks that every layer can be differentiated here; a layer that cannot is an error that names it. */
  open(network: Network): Promise<Model>;
  close(): Promise<void>;
}
