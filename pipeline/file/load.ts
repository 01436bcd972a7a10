import { layerErrors } from "../../schemas/errors/layers.js";
import { matrixErrors } from "../../schemas/errors/matrix.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import { withoutSecrets } from "../../schemas/secrets.js";
import type { Problem } from "../graph/problem.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import { problemsIn, runFolderError } from "./environment.js";
import { type Override, readLayers } from "./layers.js";
import { matrixOf, type VariedValue } from "./matrix.js";
import { FileMistake, PipelineFileErrors } from "./mistake.js";
import { applyOverrides, pathOf, putValue } from "./overrides.js";
import type { LoadedFile, LoadedRun, LoadRequest } from "./request.js";
import { type Resolution, runResolver } from "./resolve.js";
import { runId } from "./runId.js";
import { isMap, type ValueMap, valueAt, withoutKeys } from "./values.js";
import { type Substituted, substituteVariables } from "./variables.js";

/** Mistakes told of one file; more would bury the first ones. */
const mistakeLimit = 200;

/** A run whose values are in place. */
interface Prepared {
  readonly id: string;
  readonly values: ValueMap;
  readonly overrides: readonly Override[];
  readonly substituted: Substituted;
}

/**
 * Reads a pipeline file with those it extends and checks every run it holds in three layers: its form (overrides,
 * variables, keys, options), its wiring, and its environment (files, engine and run folder; left out on request).
 * Nothing is written and nothing runs. Rejects with a PipelineFileErrors that lists every mistake of all layers and
 * runs, each once; only a file that is no YAML ends earlier. UNKNOWN_RUN where `request.run` is no run of the file.
 */
export async function loadFile(request: LoadRequest): Promise<LoadedFile> {
  const layers = await readLayers(request.text, request.file);
  const { seed, engine, sets = [] } = request;
  const given = applyOverrides(layers.data, [
    ...sets.map((set) => ({ text: `--set ${set}`, set })),
    ...(seed === undefined ? [] : [{ text: `--seed ${seed}`, set: `seed=${seed}` }]),
    ...(engine === undefined ? [] : [{ text: `--engine ${engine}`, set: `engine=${engine}` }]),
  ]);
  const matrix = matrixOf(given.data);
  const axes = matrix?.axes ?? [];
  const base = isMap(given.data) ? withoutKeys(given.data, ["matrix"]) : given.data;
  const prepare = (varied: readonly VariedValue[]) => prepared(base, varied, axes, request, given.overrides);
  const problems: Problem[] = [...(matrix?.problems ?? [])];
  for (const { path } of given.overrides) {
    const axis = axes.find((each) => pathOf(each).every((step, depth) => step === path[depth]));
    if (axis !== undefined) problems.push({ error: matrixErrors.overridden("the matrix", axis), path });
  }
  const runs: readonly (Prepared & { readonly problems: readonly Problem[] })[] =
    // A mistaken matrix may leave no run: what stands below it is looked at all the same.
    matrix === undefined || matrix.runs.length === 0 ? [prepare([])] : matrix.runs.map(prepare);
  const ids = new Set<string>();
  for (const [index, { id, problems: own }] of runs.entries()) {
    if (own.length > 0) continue;
    const path = matrix?.runs[index]?.[0]?.at ?? [];
    if (ids.has(id)) problems.push({ error: matrixErrors.repeatedRun("matrix", id), path });
    ids.add(id);
  }
  const wanted = request.run === undefined ? runs : runs.filter(({ id }) => id === request.run);
  if (wanted.length === 0 && request.run !== undefined) {
    throw matrixErrors.unknownRun(request.run, matrix === undefined ? [] : [...ids]);
  }

  const mistakes = new Told([
    ...given.mistakes,
    ...layers.keyMistakes,
    ...problems.map((problem) => layers.mistake(problem, given.overrides)),
  ]);
  const warnings = new Told([]);
  if (request.checkEnvironment !== false && request.runFolder !== undefined) {
    const error = await runFolderError(request.runFolder);
    if (error !== undefined) mistakes.add([new FileMistake(error, undefined, undefined)]);
  }
  const resolve = runResolver(request);
  const loaded: {
    readonly run: Prepared;
    readonly resolution: Resolution;
    readonly warnings: readonly FileMistake[];
  }[] = [];
  for (const run of wanted) {
    if (mistakes.all.length > mistakeLimit) break;
    const resolution = await resolve(run.substituted);
    const located = (problem: Problem) => layers.mistake(problem, run.overrides);
    // What a path of the matrix was to say is not known where its values are no list.
    const known = resolution.problems.filter(({ error }) => !matrix?.open.includes(error.place ?? ""));
    mistakes.add([...resolution.outside, ...[...run.problems, ...known].map(located)]);
    const own = inFileOrder(resolution.warnings.map(located), layers.files);
    warnings.add(own);
    loaded.push({ run, resolution, warnings: own });
  }
  if (mistakes.all.length > 0) {
    // A frame has lines beside the one to blame: the value that is not to be shown may stand in any.
    const hides = loaded.some(({ resolution }) => resolution.problems.some(({ hidden }) => hidden === true));
    const shown = hides ? withoutFrame : (mistake: FileMistake) => mistake;
    throw new PipelineFileErrors(
      firstOf(inFileOrder(mistakes.all, layers.files)).map(shown),
      inFileOrder(warnings.all, layers.files).map(shown),
    );
  }
  return {
    axes: matrix === undefined ? undefined : axes,
    warnings: inFileOrder(warnings.all, layers.files),
    runs: loaded.map(
      ({ run: { id, values, overrides }, resolution, warnings: own }): LoadedRun => ({
        id,
        values,
        pipeline: resolution.pipeline(own),
        mistakes: (errors) => {
          const problems = errors.flatMap(({ stage, error }) => problemsIn(error, `stages.${stage}`));
          const located = problems.map((problem) => layers.mistake(problem, overrides));
          return new PipelineFileErrors(inFileOrder(located, layers.files));
        },
      }),
    ),
  };
}

/** The one pipeline of a file. As {@link loadFile}; SEVERAL_RUNS where a matrix makes many of it. */
export async function loadPipeline(request: LoadRequest): Promise<ResolvedPipeline> {
  const { axes, runs } = await loadFile(request);
  if (axes !== undefined && request.run === undefined) {
    throw matrixErrors.severalRuns(request.file, runs.length);
  }
  return runs[0].pipeline;
}

function prepared(
  base: unknown,
  varied: readonly VariedValue[],
  axes: readonly string[],
  request: LoadRequest,
  given: readonly Override[],
): Prepared & { readonly problems: readonly Problem[] } {
  let data = base;
  const problems: Problem[] = [];
  const overrides: Override[] = [...given];
  for (const { axis, value, at } of varied) {
    const put =
      axis.split(".")[0] === "matrix"
        ? { error: layerErrors.notSettable(`matrix.${axis}`, axis) }
        : putValue(data, pathOf(axis), value, `matrix.${axis}`);
    if ("error" in put) {
      problems.push({ error: put.error, path: at[1] === axis ? at.slice(0, 2) : at, key: true });
      continue;
    }
    data = put.data;
    overrides.push({ path: pathOf(axis), at });
  }
  const substituted = substituteVariables(data, request.environment);
  const variables = substituted.variables;
  const filled = isMap(substituted.data) ? { ...substituted.data, variables } : substituted.data;
  const own = axes.filter((axis) => varied.some((each) => each.axis === axis));
  // They name folders and stand in the index: a secret among them is its variable there.
  const values = Object.fromEntries(
    own.map((axis) => [axis, withoutSecrets(valueAt(filled, pathOf(axis)), substituted.secrets)]),
  );
  return { id: varied.length === 0 ? "" : runId(values), values, overrides, substituted, problems };
}

/** Mistakes of several runs: one that another run has had is told once, however often a run itself has it. */
class Told {
  readonly all: FileMistake[];
  readonly #keys: Set<string>;

  constructor(first: readonly FileMistake[]) {
    this.all = [...first];
    this.#keys = new Set(first.map(keyOf));
  }

  add(mistakes: readonly FileMistake[]): void {
    const fresh = mistakes.filter((mistake) => !this.#keys.has(keyOf(mistake)));
    this.all.push(...fresh);
    for (const mistake of fresh) this.#keys.add(keyOf(mistake));
  }
}

function keyOf({ code, place, message, location }: FileMistake): string {
  return [code, place, message, location?.file, location?.line, location?.column].join("\n");
}

const withoutFrame = (mistake: FileMistake) => new FileMistake(mistake, mistake.location, undefined);

function firstOf(mistakes: readonly FileMistake[]): readonly FileMistake[] {
  if (mistakes.length <= mistakeLimit) return mistakes;
  const rest = fileErrors.tooManyMistakes(mistakeLimit, mistakes.length);
  return [
    ...mistakes.slice(0, mistakeLimit),
    new FileMistake(rest, mistakes[mistakeLimit].location, undefined),
  ];
}

/** Command line first, then as one reads the file, then the files it extends. */
function inFileOrder(mistakes: readonly FileMistake[], files: readonly string[]): readonly FileMistake[] {
  const keyed = mistakes.map((mistake) => {
    const { location } = mistake;
    const file = location === undefined ? 0 : files.indexOf(location.file);
    return { mistake, file, line: location?.line ?? 0, column: location?.column ?? 0 };
  });
  keyed.sort((left, right) => left.file - right.file || left.line - right.line || left.column - right.column);
  return keyed.map(({ mistake }) => mistake);
}
