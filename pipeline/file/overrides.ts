import { parseDocument } from "yaml";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { layerErrors } from "../../schemas/errors/layers.js";
import { fileErrors, wiringErrors } from "../../schemas/errors/pipeline.js";
import { codeFrame } from "./codeFrame.js";
import { fileKeys } from "./form.js";
import type { GivenValue } from "./layers.js";
import { FileMistake } from "./mistake.js";
import { checkNodes } from "./nodes.js";
import { isMap, valueAt, withEntry } from "./values.js";

interface ReadSetting extends GivenValue {
  readonly path: readonly string[];
  readonly value: unknown;
}

type Read = ReadSetting | { readonly error: JacoflowError };

/** A flag of the command line that sets a value: `--set stages.train.with.epochs=20`, `--seed 7`. */
export interface Setting {
  /** As it is typed, for messages. */
  readonly text: string;
  /** PATH=VALUE. */
  readonly set: string;
}

/**
 * Puts settings into the data of a file, in order, and returns it with the mistakes among them.
 * Values are read as YAML: `20` is a number, `[train, test]` a list, `"20"` a string. Maps on the way are made,
 * stages and variables are not.
 */
export function applyOverrides(
  data: unknown,
  settings: readonly Setting[],
): {
  readonly data: unknown;
  readonly overrides: readonly GivenValue[];
  readonly mistakes: readonly FileMistake[];
} {
  let changed = data;
  const overrides: GivenValue[] = [];
  const mistakes: FileMistake[] = [];
  for (const setting of settings) {
    const read = inFile(changed, readSetting(setting), setting);
    const done = "error" in read ? read : putValue(changed, read.path, read.value, `--set ${setting.set}`);
    if ("error" in done) {
      const column = setting.text.indexOf(" ") + 2;
      const location = { file: "command line", line: 1, column };
      mistakes.push(new FileMistake(done.error, location, codeFrame([setting.text], 1, column)));
    } else if (!("error" in read)) {
      changed = done.data;
      overrides.push({ path: read.path, text: read.text, column: read.column });
    }
  }
  return { data: changed, overrides, mistakes };
}

/** A setting whose path starts at the file: where it starts at a variable, it is one under `variables`. */
function inFile(data: unknown, read: Read, { set }: Setting): Read {
  if ("error" in read) return read;
  const [key] = read.path;
  if (fileKeys.includes(key)) return read;
  const declared = valueAt(data, ["variables"]);
  const names = isMap(declared) ? Object.keys(declared) : [];
  return names.includes(key)
    ? { ...read, path: ["variables", ...read.path] }
    : { error: fileErrors.unknownKey(`--set ${set}`, key, [...names, ...fileKeys]) };
}

function readSetting({ text, set }: Setting): Read {
  const equals = set.indexOf("=");
  const path = pathOf(set.slice(0, Math.max(0, equals)));
  const malformed = { error: layerErrors.malformedSet(set) };
  if (equals < 1 || path.includes("")) return malformed;
  const value = set.slice(equals + 1);
  const parsed = parseDocument(value, { logLevel: "silent", prettyErrors: false, resolveKnownTags: false });
  if (parsed.errors.length > 0 || parsed.warnings.length > 0) return malformed;
  const { fatal, problems, targets } = checkNodes(parsed, () => 1);
  // An alias has nothing to stand for in one value.
  if (fatal.length > 0 || problems.length > 0 || targets.size > 0) return malformed;
  return { path, text, column: text.length - value.length + 1, value: parsed.toJS() };
}

/** The steps of a path with dots. What follows `matrix.` is one key: a path itself. */
export function pathOf(text: string): readonly string[] {
  const steps = text.split(".");
  return steps[0] === "matrix" && steps.length > 2 && !["include", "exclude"].includes(steps[1])
    ? ["matrix", steps.slice(1).join(".")]
    : steps;
}

type Put = { readonly data: unknown } | { readonly error: JacoflowError };

const reserved = ["__proto__", "constructor", "prototype"];
/** Keys that are looked at before anything is set. */
const early = ["extends"];

/**
 * A copy of the data with a value at a path; `place` is where the path is given, for errors: SET_PATH, UNKNOWN_STAGE,
 * SET_UNKNOWN_VARIABLE, NOT_SETTABLE.
 */
export function putValue(data: unknown, path: readonly string[], value: unknown, place: string): Put {
  if (early.includes(path[0])) return { error: layerErrors.notSettable(place, path[0]) };
  if (path.some((step) => step === "" || reserved.includes(step))) {
    return { error: layerErrors.setPath(place, path.join(".")) };
  }
  return putBelow(data, path, 0, value, place);
}

function putBelow(node: unknown, path: readonly string[], depth: number, value: unknown, place: string): Put {
  if (depth === path.length) return { data: value };
  const step = path[depth];
  if (Array.isArray(node) && /^\d+$/.test(step) && Number(step) < node.length) {
    const put = putBelow(node[Number(step)], path, depth + 1, value, place);
    return "error" in put ? put : { data: node.with(Number(step), put.data) };
  }
  // `with:` with nothing after it is an empty map.
  const map = node === null || node === undefined ? {} : node;
  if (!isMap(map)) return { error: layerErrors.setPath(place, path.slice(0, depth + 1).join(".")) };
  const missing = !Object.hasOwn(map, step);
  if (missing && depth === 1 && path[0] === "stages" && path.length > 2) {
    return { error: wiringErrors.unknownStage(place, step, Object.keys(map)) };
  }
  if (missing && depth === 1 && path[0] === "variables") {
    return { error: layerErrors.setUnknownVariable(place, step, Object.keys(map)) };
  }
  const put = putBelow(missing ? undefined : map[step], path, depth + 1, value, place);
  return "error" in put ? put : { data: withEntry(map, step, put.data) };
}
