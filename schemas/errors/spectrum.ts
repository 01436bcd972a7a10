import { JacoflowError } from "./error.js";

const nonFinite = (stage: string, what: string, value: unknown) =>
  new JacoflowError({
    code: "NON_FINITE_NETWORK",
    kind: "run",
    message: `${stage}: a Jacobian of a network that is not finite: ${what}`,
    place: `stages.${stage}`,
    value,
    remedy:
      "Take snapshots from before the training diverged, lower its learning rate, or scale features and weights down.",
  });

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

  /** `index` counts in the tensor, row by row. */
  nonFiniteParameter: (stage: string, step: number, tensor: string, index: number, value: number) =>
    nonFinite(stage, `step ${step}: number ${index} of tensor "${tensor}" is ${value}`, value),

  /** The network overflows on an example. */
  nonFiniteOutput: (
    stage: string,
    example: { readonly step: number; readonly split: string; readonly id: number },
    output: number,
    value: number,
  ) => {
    const { step, split, id } = example;
    return nonFinite(stage, `step ${step}, ${split}: output ${output} of example ${id} is ${value}`, value);
  },

  /** The derivatives overflow, though the outputs do not. */
  nonFiniteJacobian: (stage: string, step: number, split: string, value: unknown) =>
    nonFinite(stage, `step ${step}, ${split}: the Jacobian holds ${String(value)}`, value),

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
      message: `${what} needs about ${bytes} bytes (${gigabytes(bytes)}), the memory limit leaves it ${limit} (${gigabytes(limit)})`,
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

  /** The basis ends before the cut between information and nuisance space. */
  basisTooShort: (cut: string, count: number, value: number): JacoflowError =>
    new JacoflowError({
      code: "BASIS_TOO_SHORT",
      kind: "run",
      message: `the basis has ${count} left singular vectors and does not reach ${cut}`,
      value,
      remedy: "Raise `rank` of the jacobian/spectrum stage, or ask for less.",
    }),

  noSplit: (source: string, split: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_SPLIT",
      kind: "invalid",
      message: `${source} holds no ${split} examples for a Jacobian`,
      place,
      value: split,
      remedy: `Leave ${split} out of split, or use data that has it.`,
    }),

  /** A basis batch whose vectors do not fit its ids. */
  malformedBasis: (source: string, reason: string): JacoflowError =>
    new JacoflowError({
      code: "MALFORMED_BASIS",
      kind: "run",
      message: `${source}: ${reason}`,
      place: source,
      remedy: "Send each Jacobian as one batch, index 1, 2, …, equally long vectors, the ids on index 1.",
    }),

  /** Examples of a Jacobian that another table lacks. */
  idMissing: (source: string, split: string, id: number): JacoflowError =>
    new JacoflowError({
      code: "ID_MISSING",
      kind: "run",
      message: `${source} holds no ${split} example ${id}, which is a row of the Jacobian`,
      place: source,
      value: id,
      remedy: "Wire the examples and predictions that the Jacobian was taken on.",
    }),

  /** More than one way of cutting given. */
  oneCut: (given: readonly string[], place: string): JacoflowError =>
    new JacoflowError({
      code: "ONE_CUT",
      kind: "invalid",
      message: `${given.join(" and ")} are given at once`,
      place,
      value: given,
      remedy: "Give one of rank, cutoff, energy.",
    }),

  /** A target that needs predictions, and no predictions. */
  residualNeedsPredictions: (place: string): JacoflowError =>
    new JacoflowError({
      code: "RESIDUAL_NEEDS_PREDICTIONS",
      kind: "run",
      message: "the target residual needs predictions, and none are wired",
      place,
      value: "residual",
      remedy: "Add a stage with predictions to `from`, or leave residual out of targets.",
    }),

  /** No Jacobian at an epoch that was asked for. */
  noJacobianAt: (epoch: number, split: string, present: readonly number[], place: string): JacoflowError =>
    new JacoflowError({
      code: "NO_JACOBIAN_AT",
      kind: "run",
      message: `there is no ${split} Jacobian at epoch ${epoch}`,
      place,
      value: epoch,
      remedy: `There are Jacobians at ${present.join(", ")}: choose one of them, or add a snapshot.`,
    }),

  /** Jacobians of different examples. */
  otherExamples: (source: string, split: string, step: number): JacoflowError =>
    new JacoflowError({
      code: "OTHER_EXAMPLES",
      kind: "run",
      message: `${source}: the ${split} Jacobian of step ${step} has other examples than the one before`,
      place: source,
      value: step,
      remedy: "Compare Jacobians of one jacobian/spectrum stage.",
    }),
} as const;

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toPrecision(3)} GiB`;
}
