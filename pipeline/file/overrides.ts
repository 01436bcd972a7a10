import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from "yaml";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors, wiringErrors } from "../../schemas/errors/pipeline.js";
import { codeFrame } from "./codeFrame.js";
import { FileMistake } from "./mistake.js";
import type { Override } from "./source.js";

interface GivenOverride extends Override {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** A flag of the command line that sets a value: `--set stages.train.with.epochs=20`, `--seed 7`. */
export interface Setting {
  /** As it is typed, for messages. */
  readonly text: string;
  /** PATH=VALUE. */
  readonly set: string;
}

/**
 * Puts settings into the document, in order, and returns them with the mistakes among them.
 * Values are read as YAML: `20` is a number, `[train, test]` a list, `"20"` a string. Maps on the way are made,
 * stages are not.
 */
export function applyOverrides(
  document: Document,
  settings: readonly Setting[],
): { readonly overrides: readonly Override[]; readonly mistakes: readonly FileMistake[] } {
  const overrides: Override[] = [];
  const mistakes: FileMistake[] = [];
  for (const setting of settings) {
    const given = readSetting(setting);
    const error = "error" in given ? given.error : put(document, given, setting.set);
    if (error !== undefined) {
      const column = setting.text.indexOf(" ") + 2;
      const location = { file: "command line", line: 1, column };
      mistakes.push(new FileMistake(error, location, codeFrame([setting.text], 1, column)));
    } else if (!("error" in given)) {
      overrides.push(given);
    }
  }
  return { overrides, mistakes };
}

function readSetting({ text, set }: Setting): GivenOverride | { readonly error: JacoflowError } {
  const equals = set.indexOf("=");
  const path = set.slice(0, Math.max(0, equals)).split(".");
  if (equals < 1 || path.includes("")) return { error: fileErrors.malformedSet(set) };
  const value = set.slice(equals + 1);
  const parsed = parseDocument(value, { logLevel: "silent", prettyErrors: false, resolveKnownTags: false });
  if (parsed.errors.length > 0 || parsed.warnings.length > 0) return { error: fileErrors.malformedSet(set) };
  // An alias has nothing to stand for in one value.
  if (containsAlias(parsed)) return { error: fileErrors.malformedSet(set) };
  const column = text.length - value.length + 1;
  return { path, text, column, value: parsed.toJS() };
}

/** Undefined when it could be put there. */
function put(document: Document, { path, value }: GivenOverride, set: string): JacoflowError | undefined {
  let node: unknown = document.contents;
  for (const [depth, step] of path.slice(0, -1).entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      if (depth === 1 && path[0] === "stages" && !node.has(step)) {
        const names = node.items.map(({ key }) => String(isScalar(key) ? key.value : key));
        return wiringErrors.unknownStage(`--set ${set}`, step, names);
      }
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
      if (pair === undefined || pair.value === null || (isScalar(pair.value) && pair.value.value === null)) {
        const rest = path.slice(depth + 1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
        node.set(pair?.key ?? step, document.createNode(rest));
        return undefined;
      }
      node = pair.value;
    } else if (isSeq(node) && isPosition(step, node.items.length)) {
      node = node.items[Number(step)];
    } else {
      return fileErrors.setPath(set, path.slice(0, depth + 1).join("."));
    }
  }
  if (isAlias(node)) node = node.resolve(document);
  const last = path[path.length - 1];
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === last);
    if (pair === undefined) node.set(last, document.createNode(value));
    else pair.value = document.createNode(value);
    return undefined;
  }
  if (isSeq(node) && isPosition(last, node.items.length)) {
    node.set(Number(last), document.createNode(value));
    return undefined;
  }
  return fileErrors.setPath(set, path.join("."));
}

const isPosition = (step: string, length: number) => /^\d+$/.test(step) && Number(step) < length;

function containsAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}
