import { JacoflowError } from "./error.js";

/** Messages about spectra, information spaces and the linear algebra below them. */
export const spectrumErrors = {
  /** A matrix with a NaN or an infinity where only finite numbers make sense. */
  notFinite: (what: string, value: number): JacoflowError =>
    new JacoflowError({
      code: "NOT_FINITE",
      kind: "run",
      message: `${what} holds ${value}`,
      value,
      remedy:
        "Look for a diverged training run (lower the learning rate) or for non-finite features or weights.",
    }),

  /** The QL iteration gave up. */
  eigenNotConverged: (size: number, index: number): JacoflowError =>
    new JacoflowError({
      code: "EIGEN_NOT_CONVERGED",
      kind: "run",
      message: `eigenvalue ${index} of a ${size} × ${size} matrix did not converge`,
      value: index,
      remedy: "Report the matrix as a bug: finite symmetric matrices converge.",
    }),

  /** The thread that does dense algebra ended before it answered. */
  algebraThreadEnded: (cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "ALGEBRA_THREAD_ENDED",
      kind: "run",
      message: "the linear algebra thread ended before it answered",
      cause,
      remedy: "Lower the memory the run needs (fewer examples, smaller rank or block) and run again.",
    }),

  /** More singular values wanted than a matrix of this shape has. */
  rankTooLarge: (rank: number, rows: number, columns: number): JacoflowError =>
    new JacoflowError({
      code: "RANK_TOO_LARGE",
      kind: "invalid",
      message: `rank ${rank} is more than a Jacobian of ${rows} rows (examples × classes) and ${columns} columns (parameters) has`,
      place: "rank",
      value: rank,
      remedy: `Choose a rank of at most ${Math.min(rows, columns)}, or more examples.`,
    }),

  /** No way of computing the spectrum fits the memory limit. */
  memoryLimit: (what: string, bytes: number, limit: number, remedy: string): JacoflowError =>
    new JacoflowError({
      code: "MEMORY_LIMIT",
      kind: "invalid",
      message: `${what} needs about ${bytes} bytes (${gigabytes(bytes)}), the limit is ${limit} (${gigabytes(limit)})`,
      value: bytes,
      remedy,
    }),

  /** Block Krylov multiplies in float32. */
  precisionNeedsExact: (): JacoflowError =>
    new JacoflowError({
      code: "PRECISION_NEEDS_EXACT",
      kind: "invalid",
      message: "precision float64 goes with method exact, not with block-krylov, whose products are float32",
      place: "precision",
      value: "float64",
      remedy: "Set `method: exact` (or auto), or `precision: float32`.",
    }),

  /** Fewer columns than values wanted, whatever the sweeps find. */
  tooFewSweeps: (maxSweeps: number, blockSize: number, rank: number): JacoflowError =>
    new JacoflowError({
      code: "TOO_FEW_SWEEPS",
      kind: "invalid",
      message: `${maxSweeps} sweeps with a block of ${blockSize} columns cannot hold ${rank} values and the next one`,
      place: "maxSweeps",
      value: maxSweeps,
      remedy: `Allow at least ${Math.ceil((rank + 1) / blockSize) + 1} sweeps, or choose a larger block.`,
    }),

  /** A block to start from that belongs to another network. */
  startOfOtherShape: (rows: number, columns: number): JacoflowError =>
    new JacoflowError({
      code: "START_OF_OTHER_SHAPE",
      kind: "run",
      message: `the block to start from has ${rows} rows, the Jacobian ${columns} columns`,
      value: rows,
      remedy: "Start from a Jacobian of the same network.",
    }),
} as const;

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
}
