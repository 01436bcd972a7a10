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
} as const;
