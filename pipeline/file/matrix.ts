import type { JacoflowError } from "../../schemas/errors/error.js";
import { matrixErrors } from "../../schemas/errors/matrix.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem } from "../graph/problem.js";
import { isMap, type ValueMap } from "./values.js";

/** A value one run of a matrix has, and where in the file it stands. */
export interface VariedValue {
  /** As the file writes it: `stages.train.with.epochs`. */
  readonly axis: string;
  readonly value: unknown;
  readonly at: Path;
}

export interface Matrix {
  /** Paths that are varied, in the order of the file, then those only an `include` has. */
  readonly axes: readonly string[];
  /** Values of every run, variables not yet filled in. */
  readonly runs: readonly (readonly VariedValue[])[];
  readonly problems: readonly Problem[];
  /** Paths whose values are no list: runs are made without them, and leave open what stands there. */
  readonly open: readonly string[];
}

const runLimit = 10_000;
/** Keys of a matrix that are no paths. */
const ownKeys = ["include", "exclude"];

/**
 * The runs of a file's `matrix`, undefined where it has none: the product of all lists, the last path changing fastest,
 * without those an `exclude` fits, then every `include`, which is a run by itself.
 */
export function matrixOf(data: unknown): Matrix | undefined {
  if (!isMap(data) || data.matrix === undefined || data.matrix === null) return undefined;
  const problems: Problem[] = [];
  const tell = (error: JacoflowError, path: Path) => void problems.push({ error, path });
  const matrix = data.matrix;
  if (!isMap(matrix)) {
    tell(fileErrors.wrongForm("matrix", matrix, "a map of paths to lists of values"), ["matrix"]);
    return { axes: [], runs: [], problems, open: [] };
  }
  const axes = Object.keys(matrix).filter((key) => !ownKeys.includes(key));
  const open: string[] = [];
  const lists = axes.flatMap((axis): readonly (readonly VariedValue[])[] => {
    const values = matrix[axis];
    if (Array.isArray(values) && values.length > 0) {
      return [values.map((value, index) => ({ axis, value, at: ["matrix", axis, index] }))];
    }
    tell(matrixErrors.noValues(`matrix.${axis}`, values), ["matrix", axis]);
    open.push(axis);
    return [];
  });
  const count = lists.length === 0 ? 0 : lists.reduce((product, { length }) => product * length, 1);
  if (count > runLimit) {
    tell(matrixErrors.tooManyRuns(count, runLimit), ["matrix"]);
    return { axes, runs: [], problems, open: axes };
  }
  const excluded = entriesOf(matrix, "exclude", tell);
  for (const { values, at } of excluded) {
    for (const axis of Object.keys(values).filter((key) => !axes.includes(key))) {
      const error = matrixErrors.unknownAxis([...at, axis].join("."), axis, axes);
      problems.push({ error, path: [...at, axis], key: true });
    }
  }
  const product = lists.length === 0 ? [] : productOf(lists);
  const kept = product.filter((run) => !excluded.some(({ values }) => fits(run, values)));
  for (const { values, at } of excluded) {
    const known = Object.keys(values).every((axis) => axes.includes(axis) && !open.includes(axis));
    if (known && !product.some((run) => fits(run, values))) {
      tell(matrixErrors.excludesNothing(at.join("."), values), at);
    }
  }
  const included = entriesOf(matrix, "include", tell).map(({ values, at }) =>
    Object.entries(values).map(([axis, value]) => ({ axis, value, at: [...at, axis] })),
  );
  const runs = [...kept, ...included];
  if (runs.length === 0 && problems.length === 0) tell(matrixErrors.noAxis("matrix"), ["matrix"]);
  const more = included.flat().map(({ axis }) => axis);
  return { axes: [...new Set([...axes, ...more])], runs, problems, open };
}

interface Entry {
  readonly values: ValueMap;
  readonly at: Path;
}

function entriesOf(matrix: ValueMap, key: string, tell: (error: JacoflowError, path: Path) => void): Entry[] {
  const given = matrix[key] ?? [];
  const wanted = "a list of maps of paths to values";
  if (!Array.isArray(given)) {
    tell(fileErrors.wrongForm(`matrix.${key}`, given, wanted), ["matrix", key]);
    return [];
  }
  return given.flatMap((values: unknown, index) => {
    const at = ["matrix", key, index];
    if (isMap(values) && Object.keys(values).length > 0) return [{ values, at }];
    tell(fileErrors.wrongForm(at.join("."), values, "a map of paths to values"), at);
    return [];
  });
}

function productOf(lists: readonly (readonly VariedValue[])[]): readonly (readonly VariedValue[])[] {
  let runs: readonly (readonly VariedValue[])[] = [[]];
  for (const list of lists) runs = runs.flatMap((run) => list.map((value) => [...run, value]));
  return runs;
}

const fits = (run: readonly VariedValue[], values: ValueMap): boolean =>
  Object.entries(values).every(([axis, value]) =>
    run.some((given) => given.axis === axis && JSON.stringify(given.value) === JSON.stringify(value)),
  );
