import { layerErrors } from "../../schemas/errors/layers.js";
import type { Secret } from "../../schemas/secrets.js";
import type { Path, Problem } from "../graph/problem.js";
import { isMap, type ValueMap } from "./values.js";

/**
 * Mistakes of options that are declared `secret: true` (`Type.String({ secret: true, … })`, at any depth): their text has to
 * hold a secret of the environment, or be empty, or be the default; a list or map in its place that has another text is
 * such a mistake too. `path` leads to the options in the file. SECRET_IN_FILE, which does not say the value.
 *
 * Followed are properties, items (each by its position too), branches of unions and of conditions, and references to
 * definitions of the same schema.
 */
export function secretProblems(
  schema: ValueMap,
  value: unknown,
  secrets: readonly Secret[],
  path: Path,
): readonly Problem[] {
  const isHidden = (text: string) => text === "" || secrets.some((secret) => text.includes(secret.value));
  return openTexts(schema, value, path, isHidden, []).map((at) => ({
    error: layerErrors.secretInFile(at.join(".")),
    path: at,
    hidden: true,
  }));
}

type IsHidden = (text: string) => boolean;

/** Paths of texts that show though they stand where a secret belongs; `definitions` are those of schemas around. */
function openTexts(
  schema: ValueMap,
  value: unknown,
  path: Path,
  isHidden: IsHidden,
  around: readonly ValueMap[],
): readonly Path[] {
  if (schema.secret === true) return value === schema.default || !isOpen(value, isHidden) ? [] : [path];
  const definitions = [...definitionsOf(schema), ...around];
  const inner = (part: unknown, of: unknown, ...steps: Path): readonly Path[] =>
    isMap(part) ? openTexts(part, of, [...path, ...steps], isHidden, definitions) : [];
  const referred = typeof schema.$ref === "string" ? definitionOf(schema.$ref, definitions) : undefined;
  const found = [
    ...unionBranches(schema, value),
    ...listed(schema.allOf),
    schema.if,
    schema.then,
    schema.else,
    referred,
  ].flatMap((branch) => inner(branch, value));
  if (Array.isArray(value)) {
    const placed = [...listed(schema.prefixItems), ...listed(schema.items)];
    const rest = Array.isArray(schema.items) ? schema.additionalItems : schema.items;
    return [...found, ...value.flatMap((item, at) => inner(placed[at] ?? rest, item, at))];
  }
  if (!isMap(value)) return found;
  const declared = isMap(schema.properties) ? schema.properties : {};
  const others = [
    ...(isMap(schema.patternProperties) ? Object.values(schema.patternProperties) : []),
    schema.additionalProperties,
  ];
  return [
    ...found,
    ...Object.entries(value).flatMap(([key, of]) =>
      Object.hasOwn(declared, key)
        ? inner(declared[key], of, key)
        : others.flatMap((other) => inner(other, of, key)),
    ),
  ];
}

/** Whether any text in a value shows. Who forgets quotation marks gives a number, or with braces a key. */
function isOpen(value: unknown, isHidden: IsHidden): boolean {
  if (typeof value === "string" || typeof value === "number") return !isHidden(String(value));
  if (Array.isArray(value)) return value.some((item) => isOpen(item, isHidden));
  return isMap(value) && Object.entries(value).some((entry) => isOpen(entry, isHidden));
}

/** The branches a value may be meant for: a list or map is for those of its type, where there are any. */
function unionBranches(schema: ValueMap, value: unknown): readonly unknown[] {
  const branches = [...listed(schema.anyOf), ...listed(schema.oneOf)];
  const type = Array.isArray(value) ? "array" : isMap(value) ? "object" : undefined;
  const meant = branches.filter((branch) => type !== undefined && isMap(branch) && branch.type === type);
  return meant.length > 0 ? meant : branches;
}

/** The parts of a schema that references may name: by `$id`, or by their place below `$defs`. */
function definitionsOf(schema: ValueMap): readonly ValueMap[] {
  return [schema.$defs, schema.definitions].filter(isMap);
}

function definitionOf(reference: string, definitions: readonly ValueMap[]): unknown {
  const name = reference.replace(/^#\/(?:\$defs|definitions)\//, "");
  for (const each of definitions) {
    if (Object.hasOwn(each, name)) return each[name];
    const named = Object.values(each).find((part) => isMap(part) && part.$id === reference);
    if (named !== undefined) return named;
  }
  return undefined;
}

const listed = (part: unknown): readonly unknown[] => (Array.isArray(part) ? part : []);
