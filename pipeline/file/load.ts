import { dirname, resolve } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem, UnwiredStage } from "../graph/problem.js";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import { wireStages } from "../graph/wire.js";
import { readForm } from "./form.js";
import { PipelineFileErrors } from "./mistake.js";
import { checkOptions } from "./options.js";
import { applyOverrides } from "./overrides.js";
import type { LoadRequest } from "./request.js";
import { parseSource } from "./source.js";
import { substituteVariables } from "./variables.js";

/**
 * Reads a pipeline file, puts in variables and overrides, finds its stages, checks their options, wires them, and has
 * every stage check what it needs of the world (files there and readable). Nothing is written and nothing runs.
 * Rejects with a PipelineFileErrors that lists every mistake; only a file that is no YAML ends earlier.
 */
export async function loadPipeline(request: LoadRequest): Promise<ResolvedPipeline> {
  const parsed = parseSource(request.text, request.file);
  if ("mistakes" in parsed) throw new PipelineFileErrors(parsed.mistakes);
  const { source } = parsed;
  const problems: Problem[] = [];
  problems.push(...substituteVariables(source.document, request.environment));
  const { overrides, mistakes } = applyOverrides(source.document, [
    ...(request.sets ?? []),
    ...(request.seed === undefined ? [] : [`seed=${request.seed}`]),
    ...(request.engine === undefined ? [] : [`engine=${request.engine}`]),
  ]);

  let data: unknown;
  try {
    data = source.document.toJS({ maxAliasCount: 100 });
  } catch {
    // The parser has checked everything else that can go wrong here.
    throw new PipelineFileErrors([source.mistake({ error: fileErrors.tooManyAliases(), path: [] }, [])]);
  }

  const form = readForm(data, request.engines);
  problems.push(...form.problems);
  const folder = dirname(resolve(request.file));
  const resolvePath = (path: string) => resolve(folder, path);
  const unwired: UnwiredStage[] = [];
  const resolved: ResolvedStage[] = [];
  const checks: Promise<readonly Problem[]>[] = [];
  for (const { name, uses, with: given, from } of form.stages) {
    const path: Path = ["stages", name];
    const definition = request.stages.get(uses);
    if (definition === undefined) {
      const error = fileErrors.unknownStageType(`${path.join(".")}.uses`, uses, [...request.stages.keys()]);
      problems.push({ error, path: [...path, "uses"] });
      continue;
    }
    unwired.push({ name, uses, definition, from });
    const { options, problems: optionProblems } = checkOptions(definition, given, path);
    problems.push(...optionProblems);
    if (optionProblems.length > 0) continue;
    const stage: ResolvedStage = { name, uses, definition, options };
    resolved.push(stage);
    checks.push(checkEnvironment(stage, resolvePath));
  }
  const wiring = wireStages(form.names, unwired);
  problems.push(...wiring.problems, ...(await Promise.all(checks)).flat());

  const all = [...mistakes, ...problems.map((problem) => source.mistake(problem, overrides))];
  if (all.length > 0) throw new PipelineFileErrors(inFileOrder(all));
  return {
    name: form.name,
    seed: form.seed,
    engine: form.engine,
    file: request.file,
    folder,
    stages: resolved,
    order: wiring.order,
    wires: wiring.wires,
    warnings: wiring.warnings,
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

async function checkEnvironment(
  stage: ResolvedStage,
  resolvePath: (path: string) => string,
): Promise<readonly Problem[]> {
  const place = `stages.${stage.name}`;
  try {
    await stage.definition.check?.({ options: stage.options, place, resolvePath });
    return [];
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    return errors.map((one) => {
      const known = one instanceof JacoflowError ? one : fileErrors.checkFailed(place, one);
      const named = known.place?.startsWith(`${place}.`) === true ? known.place : place;
      // `stages.train.with.schedule[0]` and `stages.train.with.schedule.0` are the same place.
      return {
        error: known,
        path: named.replaceAll(/\[(\d+)\]/g, ".$1").split("."),
        ...(named === place ? { key: true as const } : {}),
      };
    });
  }
}

/** Command line first, then as one reads the file. */
function inFileOrder<
  M extends {
    readonly location: { readonly file: string; readonly line: number; readonly column: number } | undefined;
  },
>(mistakes: readonly M[]): readonly M[] {
  const line = (mistake: M) =>
    mistake.location?.file === "command line" ? 0 : (mistake.location?.line ?? 0);
  return [...mistakes].sort(
    (left, right) => line(left) - line(right) || (left.location?.column ?? 0) - (right.location?.column ?? 0),
  );
}
