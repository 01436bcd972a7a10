import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { EngineRates } from "../engine.js";
import { networkCost } from "../network/cost.js";
import type { Network } from "../network/network.js";
import { eigenWork, times, type Work, workAt, workOf } from "../work.js";
import type { Precision } from "./exact.js";
import { heldGuards } from "./held.js";
import { guardCount } from "./krylov.js";
import { exactBytes, heldBytes, streamedBytes } from "./memory.js";
import { freshColumns } from "./streamed.js";

export type SpectrumMethod = "block-krylov" | "exact";

/** How J is handled: Gram of its rows or columns (exact), recomputed or held rows (block Krylov). */
export type SpectrumRoute = "gram-of-rows" | "gram-of-columns" | "streamed-rows" | "held-rows";

/** A way of computing a spectrum, with what it is expected to take. */
export interface SpectrumPlan extends Work {
  readonly method: SpectrumMethod;
  readonly route: SpectrumRoute;
  readonly memoryBytes: number;
  /** Expected, not allowed. */
  readonly sweeps: number;
  readonly blockSize: number;
  /** More do not fit the memory limit. */
  readonly mostSweeps: number;
  /** One sentence: what was chosen and against what. */
  readonly reason: string;
}

/** What a plan depends on. */
export interface SpectrumProblem {
  readonly network: Network;
  /** n. */
  readonly examples: number;
  /** K. */
  readonly outputs: number;
  /** p. */
  readonly parameters: number;
  readonly rank: number;
  readonly method: SpectrumMethod | "auto";
  readonly precision: Precision;
  readonly blockSize?: number;
  /** Columns of the block to start from. */
  readonly startColumns?: number;
  /** Of vectors that others start from, which lie beside it (0); of the method exact there are none. */
  readonly keptBytes?: number;
  readonly memoryLimit: number;
  readonly rates: EngineRates;
}

/** Blocks up to this rank find all values from one block; above it, several blocks share the rank. */
const oneBlockRank = 100;

/**
 * Default columns of a block: rank + 25 guards up to rank 100, where four or five sweeps suffice (design §5), above
 * it an eighth of the rank, at least 100: wide enough for full-speed products, and eight sweeps fill the rank.
 */
export function defaultBlockSize(rank: number): number {
  return rank <= oneBlockRank ? rank + guardCount : Math.max(100, Math.ceil(rank / 8));
}

/** Default bound on sweeps: twice what fills the rank, and eight. */
export function defaultMaxSweeps(rank: number, blockSize: number): number {
  return 2 * Math.ceil((rank + 1) / blockSize) + 8;
}

/**
 * The cheapest way within the memory limit and the method asked for.
 *
 * @throws JacoflowError MEMORY_LIMIT when no way fits, with the bytes of the smallest
 * @throws JacoflowError PRECISION_NEEDS_EXACT, RANK_TOO_LARGE
 */
export function planSpectrum(problem: SpectrumProblem): SpectrumPlan {
  const { examples, outputs, parameters, rank, method, precision, memoryLimit } = problem;
  const rows = examples * outputs;
  if (rank > Math.min(rows, parameters)) throw spectrumErrors.rankTooLarge(rank, rows, parameters);
  if (precision === "float64" && method === "block-krylov") throw spectrumErrors.precisionNeedsExact();
  const krylovAllowed = method !== "exact" && precision === "float32";
  const ways = [
    ...(method === "block-krylov" ? [] : [exactPlan(problem)]),
    ...(krylovAllowed ? [streamedPlan(problem)] : []),
    ...(krylovAllowed && rows <= parameters ? [heldPlan(problem)] : []),
  ].sort((left, right) => left.seconds - right.seconds);
  const fitting = ways.filter((way) => way.memoryBytes <= memoryLimit);
  const chosen = fitting[0];
  if (chosen === undefined) {
    const smallest = ways.reduce((least, way) => (way.memoryBytes < least.memoryBytes ? way : least));
    throw spectrumErrors.memoryLimit(
      describe(smallest, rows, parameters),
      Math.ceil(smallest.memoryBytes),
      memoryLimit,
      smallest.method === "exact"
        ? "Take fewer examples, set `method: block-krylov`, or raise --memory."
        : "Take a smaller rank or blockSize, fewer examples, or raise --memory.",
    );
  }
  const others = ways.filter((way) => way.method !== chosen.method);
  return { ...chosen, reason: reasonFor(chosen, others, method, precision, memoryLimit, rows, parameters) };
}

function reasonFor(
  chosen: SpectrumPlan,
  others: readonly SpectrumPlan[],
  method: SpectrumMethod | "auto",
  precision: Precision,
  memoryLimit: number,
  rows: number,
  parameters: number,
): string {
  const what = describe(chosen, rows, parameters);
  if (method !== "auto") return `${what}: asked for`;
  if (others.length === 0) return `${what}: precision ${precision} needs it`;
  const [other] = others;
  const against = `${describe(other, rows, parameters)} (about ${clock(other.seconds)})`;
  if (other.seconds < chosen.seconds && other.memoryBytes > memoryLimit) {
    return `${what}: ${against} would be quicker but does not fit the memory limit`;
  }
  return `${what} (about ${clock(chosen.seconds)}): less work than ${against}`;
}

function describe({ route, sweeps, blockSize }: SpectrumPlan, rows: number, parameters: number): string {
  switch (route) {
    case "gram-of-rows":
      return `exact, Gram matrix of the ${rows} rows`;
    case "gram-of-columns":
      return `exact, Gram matrix of the ${parameters} columns`;
    case "streamed-rows":
      return `block Krylov, about ${sweeps} sweeps of ${blockSize} columns`;
    case "held-rows":
      return `block Krylov on the ${rows} rows, held, from their Gram matrix`;
  }
}

function clock(seconds: number): string {
  return seconds < 0.1 ? "0.1 s" : `${seconds.toPrecision(2).replace(/e\+(\d+)/, "e$1")} s`;
}

function exactPlan(problem: SpectrumProblem): SpectrumPlan {
  const { examples, outputs, parameters, rank, precision, rates } = problem;
  const rows = examples * outputs;
  const cost = networkCost(problem.network);
  const smaller = Math.min(rows, parameters);
  const byRows = rows <= parameters;
  const wide = precision === "float64";
  const product = byRows
    ? wide
      ? rows ** 2 * parameters
      : cost.gramFlops(examples)
    : rows * parameters ** 2 + 2 * rows * parameters * rank;
  const passes = (byRows ? 1 : 2) * (wide ? 4 : 1);
  return {
    method: "exact",
    route: byRows ? "gram-of-rows" : "gram-of-columns",
    ...workOf(
      workAt(rates.network, passes * examples * cost.passFlops),
      workAt(rates.algebra, product),
      eigenWork(rates, smaller, rank + 1),
    ),
    memoryBytes: exactBytes(problem),
    sweeps: 0,
    blockSize: 0,
    mostSweeps: 0,
    reason: "",
  };
}

function streamedPlan(problem: SpectrumProblem): SpectrumPlan {
  const { examples, outputs, parameters, rank, startColumns, rates } = problem;
  const rows = examples * outputs;
  const cost = networkCost(problem.network);
  const asked = problem.blockSize ?? defaultBlockSize(rank);
  const width = Math.min(parameters, startColumns === undefined ? asked : startColumns + freshColumns);
  const sweeps = expectedSweeps(rank, width, startColumns !== undefined);
  const columns = Math.min(sweeps * width, parameters, rows + width);
  const passing = examples * (sweeps * cost.passFlops + cost.productFlops * columns);
  const eigen = eigenWork(rates, columns, rank + guardCount);
  return {
    method: "block-krylov",
    route: "streamed-rows",
    ...workOf(
      workAt(rates.network, passing),
      workAt(rates.algebra, 4 * parameters * columns ** 2),
      times(sweeps, eigen),
    ),
    memoryBytes: streamedBytes(problem, width, columns),
    sweeps,
    blockSize: width,
    mostSweeps: sweepsWithin(problem, width, sweeps),
    reason: "",
  };
}

/** The most sweeps, at least those expected, whose basis fits the memory limit. */
function sweepsWithin(problem: SpectrumProblem, width: number, expected: number): number {
  const most = Math.min(problem.parameters, problem.examples * problem.outputs + width);
  if (streamedBytes(problem, width, most) <= problem.memoryLimit) return Number.POSITIVE_INFINITY;
  let sweeps = expected;
  while (streamedBytes(problem, width, (sweeps + 1) * width) <= problem.memoryLimit) sweeps += 1;
  return sweeps;
}

function heldPlan(problem: SpectrumProblem): SpectrumPlan {
  const { examples, outputs, parameters, rank, rates } = problem;
  const rows = examples * outputs;
  const { passFlops } = networkCost(problem.network);
  const width = Math.min(rows, rank + heldGuards);
  const products = rows ** 2 * parameters + 4 * rows * parameters * width;
  return {
    method: "block-krylov",
    route: "held-rows",
    ...workOf(
      workAt(rates.network, examples * passFlops),
      workAt(rates.held, products),
      workAt(rates.algebra, 4 * parameters * width ** 2),
      eigenWork(rates, rows, width),
    ),
    memoryBytes: heldBytes(problem, width),
    sweeps: 1,
    blockSize: width,
    mostSweeps: Number.POSITIVE_INFINITY,
    reason: "",
  };
}

/** Four to five sweeps reach 1e-4 when one block covers rank and guards; fewer from old vectors (measured, design §5). */
function expectedSweeps(rank: number, width: number, warm: boolean): number {
  if (warm) return 3;
  return width > rank ? 5 : Math.ceil((rank + guardCount) / width) + 5;
}
