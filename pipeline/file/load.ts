import { dirname, resolve } from "node:path";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem, UnwiredStage } from "../graph/problem.js";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import { sinkProblems, wireStages } from "../graph/wire.js";
import { environmentProblems, optionProblems, runFolderError } from "./environment.js";
import { readForm } from "./form.js";
import { readLayers } from "./layers.js";
import { FileMistake, PipelineFileErrors } from "./mistake.js";
import { optionChecker } from "./options.js";
import { applyOverrides } from "./overrides.js";
import type { LoadRequest, PluggedStages } from "./request.js";
import { substituteVariables } from "./variables.js";

/** Mistakes told of one file; more would bury the first ones. */
const mistakeLimit = 200;

/**
 * Reads a pipeline file in three layers: its form (variables, overrides, keys, options), its wiring, and its environment
 * (files, engine and run folder; left out on request). Nothing is written and nothing runs. Rejects with a
 * PipelineFileErrors that lists every mistake of all layers; only a file that is no YAML ends earlier.
 */
export async function loadPipeline(request: LoadRequest): Promise<ResolvedPipeline> {
  const layers = await readLayers(request.text, request.file);
  const { seed, engine, sets = [] } = request;
  const { data, overrides, mistakes } = applyOverrides(layers.data, [
    ...sets.map((set) => ({ text: `--set ${set}`, set })),
    ...(seed === undefined ? [] : [{ text: `--seed ${seed}`, set: `seed=${seed}` }]),
    ...(engine === undefined ? [] : [{ text: `--engine ${engine}`, set: `engine=${engine}` }]),
  ]);
  const substituted = substituteVariables(data, request.environment);
  const problems: Problem[] = [...substituted.problems];
  const unknownValues = new Set(substituted.unknown.map((path) => path.join("\n")));

  const form = readForm(substituted.data, request.engines);
  problems.push(...form.problems);
  const folder = dirname(resolve(request.file));
  const resolvePath = (path: string) => resolve(folder, path);
  const plugged = await pluggedStages(form.plugins, request, folder);
  problems.push(...plugged.problems);
  const unwired: UnwiredStage[] = [];
  const resolved: ResolvedStage[] = [];
  const checkOptions = optionChecker();
  for (const { name, uses, with: given, from } of form.stages) {
    const path: Path = ["stages", name];
    const definition = plugged.stages.get(uses);
    if (definition === undefined) {
      const error = fileErrors.unknownStageType(`${path.join(".")}.uses`, uses, [...plugged.stages.keys()]);
      problems.push({ error, path: [...path, "uses"] });
      continue;
    }
    unwired.push({ name, uses, definition, from });
    const { options, problems: formProblems } = checkOptions(definition, given, path);
    const stage: ResolvedStage = { name, uses, definition, options };
    const found = formProblems.length > 0 ? formProblems : optionProblems(stage);
    // What a variable stands for was not found: that its text is no number is no mistake of its own.
    problems.push(...found.filter((problem) => !unknownValues.has(problem.path.join("\n"))));
    if (found.length === 0) resolved.push(stage);
  }
  const wiring = wireStages(form.names, unwired);
  problems.push(...wiring.problems);
  if (request.requireSink === true) problems.push(...sinkProblems(form.names, unwired));
  const outside: FileMistake[] = [...plugged.outside];
  if (request.checkEnvironment !== false) {
    const needs = { stages: resolved, engine: form.engine, resolvePath };
    problems.push(...(await environmentProblems(needs, request)));
    const error = request.runFolder === undefined ? undefined : await runFolderError(request.runFolder);
    if (error !== undefined) outside.push(new FileMistake(error, undefined, undefined));
  }

  const located = (problem: Problem) => layers.mistake(problem, overrides);
  const warnings = inFileOrder(wiring.warnings.map(located), layers.files);
  const all = inFileOrder(
    [...outside, ...mistakes, ...layers.keyMistakes, ...problems.map(located)],
    layers.files,
  );
  if (all.length > 0) throw new PipelineFileErrors(firstOf(all), warnings);
  return {
    name: form.name,
    seed: form.seed,
    engine: form.engine,
    file: request.file,
    folder,
    plugins: plugged.plugins,
    stages: resolved,
    order: wiring.order,
    wires: wiring.wires,
    warnings,
    document: {
      name: form.name,
      seed: form.seed,
      engine: form.engine,
      stages: Object.fromEntries(
        form.stages.map(({ name, uses, from }, index) => [
          name,
          { uses, ...(from === undefined ? {} : { from }), with: resolved[index].options },
        ]),
      ),
    },
  };
}

async function pluggedStages(
  names: readonly string[],
  { withPlugins, stages }: LoadRequest,
  folder: string,
): Promise<Omit<PluggedStages, "mistakes"> & { readonly problems: readonly Problem[] }> {
  if (withPlugins === undefined) {
    const refused =
      names.length === 0 ? [] : [{ error: fileErrors.noPlugins("plugins", names), path: ["plugins"] }];
    return { stages, plugins: [], outside: [], problems: refused };
  }
  const { mistakes, ...found } = await withPlugins(names, folder);
  return { ...found, problems: mistakes.map(({ at, error }) => ({ error, path: ["plugins", at] })) };
}

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
