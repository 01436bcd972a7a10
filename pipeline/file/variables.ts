import { type Document, isMap, isScalar, isSeq, parseDocument, type Scalar } from "yaml";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import type { Path, Problem } from "../graph/problem.js";

const variable = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^}]*))?\}|\$\{/g;

/**
 * Replaces `${NAME}` and `${NAME:default}` in the values of a file, in place; `$${` stands for a plain `${`.
 * A value that is one variable alone keeps the type YAML gives its text (`${EPOCHS:20}` is a number), text around one
 * makes a string. What a variable holds is a plain value, never a list or a map, and is not searched again.
 */
export function substituteVariables(
  document: Document,
  environment: Readonly<Record<string, string | undefined>>,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const { scalar, path } of scalarsOf(document.contents, [])) {
    if (typeof scalar.value !== "string" || !scalar.value.includes("${")) continue;
    const { value, errors } = expand(scalar.value, environment, path.join("."));
    problems.push(...errors.map((error) => ({ error, path })));
    scalar.value = value;
  }
  return problems;
}

function expand(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
  place: string,
): { readonly value: unknown; readonly errors: readonly JacoflowError[] } {
  const errors: JacoflowError[] = [];
  let alone = false;
  const expanded = text.replace(
    variable,
    (match, name: string | undefined, otherwise: string | undefined) => {
      if (match === "$${") return "${";
      if (name === undefined) {
        errors.push(fileErrors.malformedVariable(place, text));
        return match;
      }
      const value = environment[name] ?? otherwise;
      if (value === undefined) {
        errors.push(fileErrors.undefinedVariable(place, name));
        return match;
      }
      alone = match === text;
      return value;
    },
  );
  return { value: alone && errors.length === 0 ? scalarOf(expanded) : expanded, errors };
}

/** The value of a text as YAML reads a plain scalar; the text itself if it would be anything else. */
function scalarOf(text: string): unknown {
  if (text === "") return text;
  const { contents, errors } = parseDocument(text, { logLevel: "silent", resolveKnownTags: false });
  return errors.length === 0 && isScalar(contents) && !contents.tag ? contents.value : text;
}

/** Every scalar that is a value, with the keys and positions that lead to it; what an alias names once, at its anchor. */
function* scalarsOf(node: unknown, path: Path): Generator<{ readonly scalar: Scalar; readonly path: Path }> {
  if (isScalar(node)) yield { scalar: node, path };
  else if (isMap(node)) {
    for (const { key, value } of node.items) {
      yield* scalarsOf(value, [...path, isScalar(key) ? String(key.value) : ""]);
    }
  } else if (isSeq(node)) {
    for (const [index, item] of node.items.entries()) yield* scalarsOf(item, [...path, index]);
  }
}
