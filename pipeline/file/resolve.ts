import { dirname, resolve } from "node:path";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import { hideSecrets, withoutSecrets } from "../../schemas/secrets.js";
import type { Path, Problem, UndeclaredStage, UnwiredStage } from "../graph/problem.js";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import { sinkProblems, wireStages } from "../graph/wire.js";
import type { Stage } from "../stage.js";
import { environmentChecks, optionProblems } from "./environment.js";
import { readForm, stageKeys } from "./form.js";
import type { FileMistake } from "./mistake.js";
import { declarationFor, optionChecker } from "./options.js";
import type { LoadRequest, PluggedStages } from "./request.js";
import { secretProblems } from "./secretOptions.js";
import { isMap } from "./values.js";
import type { Substituted } from "./variables.js";

export interface Resolution {
  readonly problems: readonly Problem[];
  /** Mistakes that no line of the file is to blame for. */
  readonly outside: readonly FileMistake[];
  readonly warnings: readonly Problem[];
  /** The pipeline; right only where there are no problems. */
  pipeline(warnings: readonly JacoflowError[]): ResolvedPipeline;
}

/**
 * Makes what checks and resolves the data of a run. Runs of one file have much in common: declarations are compiled,
 * plugins loaded and files looked at once.
 */
export function runResolver(request: LoadRequest): (substituted: Substituted) => Promise<Resolution> {
  const folder = dirname(resolve(request.file));
  const checkOptions = optionChecker();
  const plugged = new Map<string, Promise<Plugged>>();
  const pluggedOnce = (names: readonly string[]): Promise<Plugged> => {
    const key = JSON.stringify(names);
    const found = plugged.get(key) ?? pluggedStages(names, request, folder);
    plugged.set(key, found);
    return found;
  };
  const environmentProblems = environmentChecks(request, (path) => resolve(folder, path));

  return async ({ data, problems: found, secrets, unknown }) => {
    const problems: Problem[] = [...found];
    const unknownValues = new Set(unknown.map((path) => path.join("\n")));
    // What a variable stands for was not found: that its text is no number or no file is no mistake of its own.
    const isKnown = ({ path }: Problem) => !unknownValues.has(path.join("\n"));
    const form = readForm(data, request.engines);
    problems.push(...form.problems);
    const { stages, plugins, outside, problems: pluginProblems } = await pluggedOnce(form.plugins);
    problems.push(...pluginProblems);
    const unwired: UnwiredStage[] = [];
    const undeclared: UndeclaredStage[] = [];
    const resolved: ResolvedStage[] = [];
    for (const { name, uses, with: given, from, others } of form.stages) {
      const path: Path = ["stages", name];
      const definition = uses === undefined ? undefined : stages.get(uses);
      problems.push(...others.map((key) => otherKey(key, path, definition)));
      if (uses === undefined || definition === undefined) undeclared.push({ name, from });
      if (uses === undefined) continue;
      if (definition === undefined) {
        const error = fileErrors.unknownStageType(`${path.join(".")}.uses`, uses, [...stages.keys()]);
        problems.push({ error, path: [...path, "uses"] });
        continue;
      }
      unwired.push({ name, uses, definition, from });
      const { options, problems: formProblems } = checkOptions(definition, given, path);
      const stage: ResolvedStage = { name, uses, definition, options };
      const open = secretProblems({ ...declarationFor(definition, options) }, given, secrets, [
        ...path,
        "with",
      ]);
      const ofForm = open.length > 0 ? open : formProblems;
      const wrong = ofForm.length > 0 ? ofForm : optionProblems(stage);
      // An option beside `with` is no option that is missing in it.
      const beside = others
        .filter((key) => !isMap(given) || !Object.hasOwn(given, key))
        .map((key) => [...path, "with", key].join("."));
      problems.push(...wrong.filter(isKnown).filter(({ error }) => !beside.includes(error.place ?? "")));
      if (wrong.length === 0) resolved.push(stage);
    }
    const wiring = wireStages(form.names, unwired, undeclared);
    problems.push(...wiring.problems);
    if (request.requireSink === true) problems.push(...sinkProblems(form.names, unwired));
    if (request.checkEnvironment !== false)
      problems.push(...(await environmentProblems(resolved, form.engine)).filter(isKnown));
    return {
      problems,
      outside,
      warnings: wiring.warnings,
      pipeline: (warnings) => ({
        // Run folders are named after it.
        name: hideSecrets(form.name, secrets),
        seed: form.seed,
        engine: form.engine,
        file: request.file,
        folder,
        plugins,
        stages: resolved,
        order: wiring.order,
        wires: wiring.wires,
        warnings,
        secrets,
        document: withoutSecrets(
          {
            name: form.name,
            seed: form.seed,
            engine: form.engine,
            ...(form.plugins.length === 0 ? {} : { plugins: form.plugins }),
            stages: Object.fromEntries(
              form.stages.map(({ name, uses, from }, index) => [
                name,
                { uses, ...(from === undefined ? {} : { from }), with: resolved[index].options },
              ]),
            ),
          },
          secrets,
        ) as Readonly<Record<string, unknown>>,
      }),
    };
  };
}

/** A key that no stage has. */
function otherKey(key: string, path: Path, definition: Stage | undefined): Problem {
  const place = [...path, key].join(".");
  const error =
    definition !== undefined && optionNames(definition).has(key)
      ? fileErrors.optionOutside(place, key, definition.name)
      : fileErrors.unknownKey(place, key, stageKeys);
  return { error, path: [...path, key], key: true };
}

function optionNames({ options, variants }: Stage): ReadonlySet<string> {
  const schemas = [options, ...(variants?.schemas.values() ?? [])];
  return new Set(schemas.flatMap(({ properties }) => Object.keys(properties)));
}

type Plugged = Omit<PluggedStages, "mistakes"> & { readonly problems: readonly Problem[] };

async function pluggedStages(
  names: readonly string[],
  { withPlugins, stages }: LoadRequest,
  folder: string,
): Promise<Plugged> {
  if (withPlugins === undefined) {
    const refused =
      names.length === 0 ? [] : [{ error: fileErrors.noPlugins("plugins", names), path: ["plugins"] }];
    return { stages, plugins: [], outside: [], problems: refused };
  }
  const { mistakes, ...found } = await withPlugins(names, folder);
  return { ...found, problems: mistakes.map(({ at, error }) => ({ error, path: ["plugins", at] })) };
}
