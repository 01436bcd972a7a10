import { JacoflowError } from "./error.js";

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;

/** Messages of the native engine. */
export const nativeErrors = {
  notBuilt: (reason: string): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_NOT_BUILT",
      kind: "run",
      message: `the native engine is not built here: ${reason}`,
      place: "engine",
      value: reason,
      remedy: "Install g++ or clang++ and run `jacoflow doctor --build`, or use `--engine wasm`.",
    }),

  /** NaN or infinity where numbers are needed. `where` names the tensor, or the row and column. */
  notFinite: (what: string, where: string, value: unknown): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_NOT_FINITE",
      kind: "run",
      message: `${what} hold ${String(value)} at ${where}`,
      place: where,
      value,
      remedy:
        what === "the parameters"
          ? "Use weights from before the training diverged, or lower the learning rate."
          : "Clean the numbers before they reach the engine.",
    }),

  resultTooLarge: (what: string, bytes: number, limit: number): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_RESULT_TOO_LARGE",
      kind: "run",
      message: `${what} would take ${gigabytes(bytes)}; one result may take ${gigabytes(limit)}`,
      place: what,
      value: bytes,
      remedy: "Hand over fewer examples or columns at a time, or use a sweep, which never holds J.",
    }),

  outOfMemory: (what: string, bytes: number): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_OUT_OF_MEMORY",
      kind: "run",
      message: `there was no memory for ${what}${bytes > 0 ? ` (${gigabytes(bytes)})` : ""}`,
      place: what,
      value: bytes,
      remedy: "Use fewer examples, a smaller batch or block, or a machine with more memory.",
    }),

  /** A call whose sizes do not belong together. */
  invalidArgument: (what: string, reason: string, value?: unknown): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_INVALID_ARGUMENT",
      kind: "run",
      message: `${what}: ${reason}`,
      place: what,
      value,
      remedy: "Hand over arrays whose lengths match their rows and columns.",
    }),

  notConverged: (index: number): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_NOT_CONVERGED",
      kind: "run",
      message: `eigenvalue ${index} was not found in 90 iterations`,
      place: "symmetricEigen",
      value: index,
      remedy: "Report the matrix: this should not happen with finite numbers.",
    }),

  closed: (what: string): JacoflowError =>
    new JacoflowError({
      code: "NATIVE_CLOSED",
      kind: "run",
      message: `${what} is closed`,
      place: what,
      remedy: "Open a new one.",
    }),
} as const;
