import { JacoflowError } from "./error.js";
import { choose, invalid, text } from "./wording.js";

/** Messages about the matrix of a pipeline file. */
export const matrixErrors = {
  noValues: (place: string, value: unknown) =>
    invalid(
      "MATRIX_VALUES",
      `${text(value)} is not a list of values, one or more`,
      place,
      value,
      "List the values this path is to take, like [1, 2, 3].",
    ),
  noAxis: (place: string) =>
    invalid(
      "MATRIX_EMPTY",
      "the matrix holds no run",
      place,
      undefined,
      "Give a path and its values, like `seed: [1, 2, 3]`, or remove `matrix`.",
    ),
  tooManyRuns: (found: number, limit: number) =>
    invalid(
      "TOO_MANY_RUNS",
      `the matrix has ${found} runs, more than ${limit}`,
      "matrix",
      found,
      "Take fewer values, or several files.",
    ),
  unknownAxis: (place: string, path: string, known: readonly string[]) =>
    invalid(
      "MATRIX_UNKNOWN_PATH",
      `the matrix does not vary "${path}"`,
      place,
      path,
      choose(path, known, "Vary something first."),
    ),
  excludesNothing: (place: string, values: unknown) =>
    invalid(
      "MATRIX_EXCLUDES_NOTHING",
      `no run of the matrix has the values ${text(values)}`,
      place,
      values,
      "Correct the values, or remove the entry.",
    ),
  repeatedRun: (place: string, id: string) =>
    invalid(
      "MATRIX_REPEATED",
      `two runs of the matrix have the same values: ${id}`,
      place,
      id,
      "Remove the value or the entry that is there twice.",
    ),
  overridden: (place: string, path: string) =>
    invalid(
      "MATRIX_OVERRIDES",
      `the matrix varies "${path}", so one value for it would be lost`,
      place,
      path,
      `Set the list of the matrix instead: --set 'matrix.${path}=[…]'.`,
    ),
  unknownRun: (id: string, known: readonly string[]) =>
    new JacoflowError({
      code: "UNKNOWN_RUN",
      kind: "command-line",
      message: `the matrix has no run "${id}"`,
      place: "--run",
      value: id,
      remedy: choose(id, known, "The file has no matrix: leave --run out.").remedy,
    }),
  severalRuns: (file: string, count: number) =>
    invalid(
      "SEVERAL_RUNS",
      `${file} is a matrix of ${count} runs, and one is needed here`,
      "matrix",
      count,
      "Choose one by its id; `jacoflow run FILE --dry-run` lists them.",
    ),
  manyRuns: (flag: string, file: string) =>
    new JacoflowError({
      code: "MANY_RUNS",
      kind: "command-line",
      message: `${flag} is for one run, and ${file} is a matrix of them`,
      place: flag,
      value: file,
      remedy: "Choose one with --only ID; `jacoflow run FILE --dry-run` lists them.",
    }),
  noMatrix: (flag: string, file: string) =>
    new JacoflowError({
      code: "NO_MATRIX",
      kind: "command-line",
      message: `${flag} is for a matrix of runs, and ${file} has none`,
      place: flag,
      value: file,
      remedy: `Leave ${flag} out, or add \`matrix\` to the file.`,
    }),
  active: (folder: string, id: string, pid: number, file: string) =>
    invalid(
      "MATRIX_ACTIVE",
      `process ${pid} is at work on the run ${id} in ${folder}`,
      "--out",
      pid,
      `Wait for it or stop it, take another folder with --out, or another share with --shard. Where it was on another machine and has ended, remove ${file}.`,
    ),
  otherRun: (folder: string) =>
    invalid(
      "OTHER_RUN_THERE",
      `${folder} holds a run of the same values that was made from another file`,
      "--out",
      folder,
      "Name another folder with --out, or remove this one.",
    ),
  runsFailed: (failed: readonly string[], all: number) =>
    new JacoflowError({
      code: "RUNS_FAILED",
      kind: "run",
      message: `${failed.length} of ${all} runs failed: ${failed.join(", ")}`,
      place: "matrix",
      value: failed,
      remedy: "Look at what each says above, then run the same command with --out to take up the rest.",
    }),
  /** A run of a matrix whose process ended without a word. */
  runLost: (id: string, how: string) =>
    new JacoflowError({
      code: "RUN_LOST",
      kind: "run",
      message: `the process of the run ${id} ended with ${how}`,
      place: id,
      value: how,
      remedy: "Where memory ran out, take fewer jobs or a smaller --memory.",
    }),
} as const;
