import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem } from "../graph/problem.js";
import type { EngineName } from "../stage.js";
import { isMap } from "./values.js";

/** A stage as the file has it. */
export interface StageEntry {
  readonly name: string;
  /** Undefined where it is no string. */
  readonly uses: string | undefined;
  readonly with: unknown;
  readonly from: unknown;
  /** Keys it has besides these. */
  readonly others: readonly string[];
}

export interface PipelineForm {
  readonly name: string;
  readonly seed: number;
  readonly engine: EngineName | "auto";
  readonly plugins: readonly string[];
  /** Names of all stages of the file, in its order. */
  readonly names: readonly string[];
  /** Those that are maps; only right when there are no problems. */
  readonly stages: readonly StageEntry[];
  readonly problems: readonly Problem[];
}

/** What is read and taken out before the form is checked: names to choose from all the same. */
const readBefore = ["extends", "variables", "matrix"];
/** The keys that a file may have. */
export const fileKeys: readonly string[] = [
  "$schema",
  ...readBefore,
  "name",
  "seed",
  "engine",
  "plugins",
  "stages",
];
/** The keys that a stage may have. */
export const stageKeys: readonly string[] = ["uses", "with", "from"];
/** Far above what is written by hand; wiring compares every stage with every other. */
const stageLimit = 1000;
/** Names of runs and stages. */
export const stageName = /^[a-z0-9-]+$/;

/** Checks the keys of a pipeline file that are the same for every stage. Mistaken values are replaced by defaults. */
export function readForm(data: unknown, engines: readonly EngineName[]): PipelineForm {
  const problems: Problem[] = [];
  if (!isMap(data)) {
    const error =
      data === null || data === undefined
        ? fileErrors.empty()
        : fileErrors.wrongForm("the file", data, "a map with `name` and `stages`");
    problems.push({ error, path: [] });
    return { name: "", seed: 0, engine: "auto", plugins: [], names: [], stages: [], problems };
  }
  const keys = fileKeys.filter((key) => key !== "$schema");
  for (const key of Object.keys(data).filter((each) => !fileKeys.includes(each))) {
    problems.push({ error: fileErrors.unknownKey(key, key, keys), path: [key], key: true });
  }
  if (data.$schema !== undefined && typeof data.$schema !== "string") {
    problems.push({ error: fileErrors.wrongForm("$schema", data.$schema, "a string"), path: ["$schema"] });
  }

  const name = typeof data.name === "string" && stageName.test(data.name) ? data.name : undefined;
  if (data.name === undefined) {
    problems.push({ error: fileErrors.missingKey("name", "name", "my-pipeline"), path: [] });
  } else if (name === undefined) {
    const wanted = "a name of lower-case letters, digits and hyphens";
    problems.push({ error: fileErrors.wrongForm("name", data.name, wanted), path: ["name"] });
  }

  const given = data.seed ?? 0;
  const seed = typeof given === "number" && Number.isSafeInteger(given) && given >= 0 ? given : undefined;
  if (seed === undefined) {
    problems.push({
      error: fileErrors.wrongForm("seed", given, "a whole number, 0 or more and below 2^53"),
      path: ["seed"],
    });
  }

  const known: readonly (EngineName | "auto")[] = ["auto", ...engines];
  const engine = known.find((one) => one === (data.engine ?? "auto"));
  if (engine === undefined) {
    problems.push({
      error: fileErrors.unknownEngine("engine", String(data.engine), known),
      path: ["engine"],
    });
  }

  const plugins = data.plugins ?? [];
  const listed = Array.isArray(plugins) && plugins.every((plugin) => typeof plugin === "string");
  if (!listed) {
    const wanted = "a list of names of plugins and paths to them";
    problems.push({ error: fileErrors.wrongForm("plugins", plugins, wanted), path: ["plugins"] });
  }

  const stages: StageEntry[] = [];
  if (!isMap(data.stages) || Object.keys(data.stages).length === 0) {
    problems.push(
      data.stages === undefined
        ? { error: fileErrors.missingKey("stages", "stages", "{ data: { uses: data/table } }"), path: [] }
        : {
            error: fileErrors.wrongForm("stages", data.stages, "a map of one stage or more"),
            path: ["stages"],
          },
    );
  } else if (Object.keys(data.stages).length > stageLimit) {
    const error = fileErrors.tooManyStages(Object.keys(data.stages).length, stageLimit);
    problems.push({ error, path: ["stages"], key: true });
  } else {
    for (const [key, entry] of Object.entries(data.stages)) {
      const read = readStage(key, entry);
      problems.push(...read.problems);
      if (read.entry !== undefined) stages.push(read.entry);
    }
  }
  return {
    name: name ?? "",
    seed: seed ?? 0,
    engine: engine ?? "auto",
    plugins: listed ? plugins : [],
    names: isMap(data.stages) ? Object.keys(data.stages) : [],
    stages,
    problems,
  };
}

function readStage(
  name: string,
  entry: unknown,
): { readonly entry: StageEntry | undefined; readonly problems: readonly Problem[] } {
  const path: Path = ["stages", name];
  const place = path.join(".");
  const problems: Problem[] = [];
  if (!stageName.test(name)) problems.push({ error: fileErrors.stageName(place, name), path, key: true });
  if (!isMap(entry)) {
    problems.push({ error: fileErrors.wrongForm(place, entry, "a stage: a map with `uses`"), path });
    return { entry: undefined, problems };
  }
  if (entry.uses === undefined) {
    problems.push({ error: fileErrors.missingKey(`${place}.uses`, "uses", "data/table"), path, key: true });
  } else if (typeof entry.uses !== "string") {
    const error = fileErrors.wrongForm(`${place}.uses`, entry.uses, "the name of a stage, like data/table");
    problems.push({ error, path: [...path, "uses"] });
  }
  const uses = typeof entry.uses === "string" ? entry.uses : undefined;
  const others = Object.keys(entry).filter((key) => !stageKeys.includes(key));
  return { entry: { name, uses, with: entry.with, from: entry.from, others }, problems };
}
