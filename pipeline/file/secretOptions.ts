import { layerErrors } from "../../schemas/errors/layers.js";
import type { Secret } from "../../schemas/secrets.js";
import type { Path, Problem } from "../graph/problem.js";
import { isMap, type ValueMap } from "./values.js";

/**
 * Mistakes of options that are declared `secret: true` (`Type.String({ secret: true, … })`, at any depth): their text has to
 * hold a secret of the environment, or be empty, or be the default. `path` leads to the options in the file. SECRET_IN_FILE,
 * which does not say the value.
 */
export function secretProblems(
  schema: ValueMap,
  value: unknown,
  secrets: readonly Secret[],
  path: Path,
): readonly Problem[] {
  // Who forgets quotation marks gives a number.
  if (schema.secret === true && (typeof value === "string" || typeof value === "number")) {
    const text = String(value);
    if (text === "") return [];
    const isHidden = secrets.some((secret) => text.includes(secret.value));
    if (isHidden || value === schema.default) return [];
    return [{ error: layerErrors.secretInFile(path.join(".")), path, hidden: true }];
  }
  const inner = (part: unknown, of: unknown, step: string | number) =>
    isMap(part) ? secretProblems(part, of, secrets, [...path, step]) : [];
  const branches = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) =>
    Array.isArray(list) ? list : [],
  );
  const found = branches.flatMap((branch) =>
    isMap(branch) ? secretProblems(branch, value, secrets, path) : [],
  );
  if (Array.isArray(value)) return [...found, ...value.flatMap((item, at) => inner(schema.items, item, at))];
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
