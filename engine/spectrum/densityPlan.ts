import { spectrumErrors } from "../../schemas/errors/spectrum.js";

/** How the distribution of singular values is found, with what it needs. */
export interface DensityPlan {
  /** Gram matrix of the smaller side (exact), or block Lanczos quadrature. */
  readonly route: "gram-of-rows" | "gram-of-columns" | "quadrature";
  /** Passes over the examples; 0 when exact. */
  readonly sweeps: number;
  /** b. */
  readonly columns: number;
  readonly memoryBytes: number;
  /** One sentence: what was chosen and why. */
  readonly reason: string;
}

/** What a plan depends on. */
export interface DensityProblem {
  /** n. */
  readonly examples: number;
  /** d: numbers of one input. */
  readonly inputs: number;
  /** K. */
  readonly outputs: number;
  /** p. */
  readonly parameters: number;
  /** min(nK, p) up to which all values are computed. */
  readonly exactUpTo: number;
  readonly columns: number;
  readonly sweeps: number;
  /** Bytes. */
  readonly memoryLimit: number;
}

/** Rows of J that an engine has in work at a time, beside its own copies of Q and Z. */
const rowsInWork = 50;

/**
 * Exact up to `exactUpTo` values where that fits the memory limit, else quadrature.
 *
 * @throws JacoflowError MEMORY_LIMIT when quadrature is needed and does not fit
 */
export function planDensity(problem: DensityProblem): DensityPlan {
  const { examples, inputs, outputs, parameters, exactUpTo, memoryLimit } = problem;
  const rows = examples * outputs;
  const smaller = Math.min(rows, parameters);
  const exampleBytes = 4 * examples * inputs;
  // The Gram matrix, what is reduced, its vectors, and an engine's share.
  const exactBytes = 4 * 8 * smaller ** 2 + exampleBytes;
  const side = rows <= parameters ? "rows" : "columns";
  const exact = `exact, Gram matrix of the ${smaller} ${side}`;
  if (smaller <= exactUpTo && exactBytes <= memoryLimit) {
    return {
      ...{ route: `gram-of-${side}`, sweeps: 0, columns: 0, memoryBytes: exactBytes },
      reason: `${exact}: at most ${exactUpTo}`,
    };
  }
  const columns = Math.min(problem.columns, parameters);
  const sweeps = Math.min(problem.sweeps, Math.ceil(parameters / columns));
  const basis = columns * sweeps;
  const memoryBytes =
    4 * basis * (parameters + rows) +
    24 * parameters * columns +
    4 * parameters * rowsInWork +
    32 * basis ** 2 +
    exampleBytes;
  const what = `block Lanczos quadrature, ${sweeps} sweeps of ${columns} columns`;
  if (memoryBytes > memoryLimit) {
    const remedy = "Take fewer columns or sweeps, fewer examples, or raise --memory.";
    throw spectrumErrors.memoryLimit(what, Math.ceil(memoryBytes), memoryLimit, remedy);
  }
  const against =
    smaller > exactUpTo
      ? `${smaller} values are more than ${exactUpTo}`
      : `${exact} does not fit the memory limit`;
  return { route: "quadrature", sweeps, columns, memoryBytes, reason: `${what}: ${against}` };
}
