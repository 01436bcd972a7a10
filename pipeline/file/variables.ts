import { isScalar, parseDocument } from "yaml";
import { layerErrors } from "../../schemas/errors/layers.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import { isSecretName, type Secret, secretsIn, shortestSecret } from "../../schemas/secrets.js";
import type { Path, Problem } from "../graph/problem.js";
import { depthLimit } from "./nodes.js";
import { isMap, type ValueMap, withoutKeys } from "./values.js";

const variable = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}|\$\{/g;
/** Names of variables. */
export const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Variables may stand for each other in a row this long. */
const variableLimit = 1000;
/** Characters of one text, and values of all, once variables are filled in. */
const textLimit = 64 * 1024;
const valueLimit = 300_000;

type Environment = Readonly<Record<string, string | undefined>>;

export interface Substituted {
  /** Without `variables`. */
  readonly data: unknown;
  /** Those the file declares, filled in. */
  readonly variables: ValueMap;
  readonly problems: readonly Problem[];
  /** Those of the environment that were filled in. */
  readonly secrets: readonly Secret[];
  /** Where a value is not known because of a problem: nothing more can be said about it. */
  readonly unknown: readonly Path[];
}

/** A value with its variables filled in, and how much it is. */
interface Filled {
  readonly value: unknown;
  readonly values: number;
  readonly depth: number;
  /** Whether something in it could not be filled in. */
  readonly broken: boolean;
}

const plain = (value: unknown): Filled => ({ value, values: 1, depth: 0, broken: false });

/**
 * Replaces `${NAME}` and `${NAME:default}` in the values of a file; `$${` stands for a plain `${`. A name that is declared
 * under `variables` is that variable, whose value may hold others, or be one of several that another variable chooses
 * by its value (`{ by: size, small: 60, full: 3000 }`); any other is of the environment. A value that is one
 * variable alone keeps its type: that of the declared value, a list or map too, or the one YAML gives the text of the
 * environment (`${EPOCHS:20}` is a number; a secret is always a text, whose every digit counts). Text around one makes a
 * text. What the environment holds is a plain value, never a list or a map, and is not searched again.
 */
export function substituteVariables(data: unknown, environment: Environment): Substituted {
  if (!isMap(data)) return { data, variables: {}, problems: [], secrets: [], unknown: [] };
  const problems: Problem[] = [];
  const unknown: Path[] = [];
  const declared = declaredIn(data, problems);
  const known = new Map<string, Filled>();
  const used: Record<string, string> = {};
  /** Variables being filled in, outermost first. */
  const open: string[] = [];

  const fill = (value: unknown, path: Path): Filled => {
    if (typeof value === "string") return value.includes("${") ? fillText(value, path) : plain(value);
    if (Array.isArray(value)) {
      const items = value.map((item, index) => fill(item, [...path, index]));
      return around(
        items,
        items.map((item) => item.value),
        path,
      );
    }
    if (!isMap(value)) return plain(value);
    const entries = Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key])] as const);
    return around(
      entries.map(([, inner]) => inner),
      Object.fromEntries(entries.map(([key, inner]) => [key, inner.value])),
      path,
    );
  };

  const around = (parts: readonly Filled[], value: unknown, path: Path): Filled => {
    const values = parts.reduce((sum, part) => sum + part.values, 1);
    const depth = parts.reduce((most, part) => Math.max(most, part.depth), 0) + 1;
    const broken = parts.some((part) => part.broken);
    return values > valueLimit || depth > depthLimit ? tooLarge(path) : { value, values, depth, broken };
  };

  const tooLarge = (path: Path): Filled => {
    problems.push({ error: layerErrors.variablesTooLarge(path.join(".")), path });
    unknown.push(path);
    return { value: null, values: 1, depth: 0, broken: true };
  };

  const fillText = (text: string, path: Path): Filled => {
    const place = path.join(".");
    const found: Problem[] = [];
    let alone: Filled | undefined;
    let broken = false;
    const filled = text.replace(variable, (match, name?: string, otherwise?: string) => {
      if (match === "$${") return "${";
      if (name === undefined) {
        found.push({ error: layerErrors.malformedVariable(place, text), path });
        return match;
      }
      const value = lookUp(name, otherwise, path, found);
      if (value === undefined || value.broken) {
        broken = true;
        return match;
      }
      if (match === text) {
        const isText = Object.hasOwn(declared, name) || isSecret(name);
        alone = isText ? value : plain(scalarOf(String(value.value)));
        return match;
      }
      if (typeof value.value === "object" && value.value !== null) {
        found.push({ error: layerErrors.variableInText(place, name, value.value), path });
        return match;
      }
      return String(value.value);
    });
    if (found.length > 0 || broken) {
      unknown.push(path);
      problems.push(...found);
      return { value: text, values: 1, depth: 0, broken: true };
    }
    if (alone !== undefined) return alone;
    return filled.length > textLimit ? tooLarge(path) : plain(filled);
  };

  const given = (name: string) => (Object.hasOwn(environment, name) ? environment[name] : undefined);
  // Nothing to hide is no secret, nor is what the file itself says where the environment has nothing.
  const isSecret = (name: string) => isSecretName(name) && (given(name) ?? "") !== "";

  /** Undefined where there is none, which `found` then says. */
  const lookUp = (
    name: string,
    otherwise: string | undefined,
    path: Path,
    found: Problem[],
  ): Filled | undefined => {
    if (Object.hasOwn(declared, name)) return fillVariable(name, path, found);
    const own = given(name);
    if (own !== undefined && isSecret(name) && own.length < shortestSecret) {
      found.push({ error: layerErrors.shortSecret(path.join("."), name, shortestSecret), path });
      return undefined;
    }
    if (own !== undefined) used[name] = own;
    const text = own ?? otherwise;
    if (text !== undefined) return plain(text);
    const others = Object.keys(declared).filter((each) => !open.includes(each));
    const error = layerErrors.undefinedVariable(path.join("."), name, others);
    found.push({ error, path });
    return undefined;
  };

  const fillVariable = (name: string, path: Path, found: Problem[]): Filled | undefined => {
    const before = known.get(name);
    if (before !== undefined) return before;
    if (open.includes(name)) {
      const circle = [...open.slice(open.indexOf(name)), name];
      found.push({ error: layerErrors.variableCycle(path.join("."), circle), path });
      return undefined;
    }
    open.push(name);
    const filled = fillChoice(declared[name], ["variables", name]);
    open.pop();
    known.set(name, filled);
    return filled;
  };

  const fillChoice = (value: unknown, path: Path): Filled => {
    if (!isMap(value) || !Object.hasOwn(value, "by")) return fill(value, path);
    const { by } = value;
    const place = path.join(".");
    const found: Problem[] = [];
    const unfilled = (): Filled => {
      problems.push(...found);
      unknown.push(path);
      return { value: null, values: 1, depth: 0, broken: true };
    };
    if (typeof by !== "string" || !Object.hasOwn(declared, by)) {
      const others = Object.keys(declared).filter((each) => !open.includes(each));
      found.push({ error: layerErrors.choiceBy(`${place}.by`, by, others), path: [...path, "by"] });
      return unfilled();
    }
    const chosen = fillVariable(by, [...path, "by"], found);
    if (chosen === undefined || chosen.broken) return unfilled();
    const { by: _, ...choices } = value;
    const key = String(chosen.value);
    if (!Object.hasOwn(choices, key)) {
      found.push({ error: layerErrors.noSuchChoice(place, by, chosen.value, Object.keys(choices)), path });
      return unfilled();
    }
    return fillChoice(choices[key], [...path, key]);
  };

  for (const name of Object.keys(declared)) fillVariable(name, ["variables", name], problems);
  const { value } = fill(withoutKeys(data, ["variables"]), []);
  const variables = Object.fromEntries([...known].map(([name, filled]) => [name, filled.value]));
  return { data: value, variables, problems, secrets: secretsIn(used), unknown };
}

/** What a file declares under `variables`, without what is wrong there. */
function declaredIn(data: ValueMap, problems: Problem[]): ValueMap {
  const declared = data.variables ?? {};
  const path: Path = ["variables"];
  if (!isMap(declared)) {
    const error = fileErrors.wrongForm("variables", declared, "a map of values by name");
    problems.push({ error, path });
    return {};
  }
  const names = Object.keys(declared);
  if (names.length > variableLimit) {
    problems.push({ error: layerErrors.tooManyVariables(names.length, variableLimit), path, key: true });
    return {};
  }
  const wrong = names.filter((name) => !variableName.test(name));
  for (const name of wrong) {
    const error = layerErrors.variableName(`variables.${name}`, name);
    problems.push({ error, path: [...path, name], key: true });
  }
  return withoutKeys(declared, wrong);
}

/** The value of a text as YAML reads a plain scalar; the text itself if it would be anything else. */
function scalarOf(text: string): unknown {
  if (text === "") return text;
  const { contents, errors } = parseDocument(text, { logLevel: "silent", resolveKnownTags: false });
  return errors.length === 0 && isScalar(contents) && !contents.tag ? contents.value : text;
}
