import { mlflowErrors } from "./errors.js";
import { nameForServer } from "./names.js";

/** Longest text of a parameter that the server takes, in characters. */
const longest = 6000;

/**
 * The named values of a run's pipeline file as texts. A path is words with dots between, as for --set; `seed` and `name`
 * are the run's own. Errors: MLFLOW_PARAMETER for a path that leads nowhere.
 */
export function parameterTexts(
  run: { readonly name: string; readonly seed: number; readonly file: unknown },
  paths: readonly string[],
  place: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    paths.map((path) => {
      const value = path === "seed" ? run.seed : path === "name" ? run.name : at(run.file, path.split("."));
      if (value === undefined) throw mlflowErrors.parameter(path, place);
      const text = typeof value === "string" ? value : JSON.stringify(value);
      // A character may be two of the units that a text is sliced by.
      return [nameForServer(path), [...text.slice(0, 2 * longest)].slice(0, longest).join("")];
    }),
  );
}

function at(value: unknown, words: readonly string[]): unknown {
  const [first, ...rest] = words;
  if (first === undefined) return value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, first)) return undefined;
  return at((value as Readonly<Record<string, unknown>>)[first], rest);
}
