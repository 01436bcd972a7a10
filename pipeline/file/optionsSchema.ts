import type { Stage } from "../stage.js";
import { closed } from "./options.js";
import { type OptionSchema, sampleValue } from "./sampleValue.js";

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A value that a variable stands for: its type is known only when the file is read. */
export const variable: JsonSchema = {
  type: "string",
  pattern: "\\$\\{",
  description: "a variable of the file or of the environment, with or without a default",
};

/** Keywords of a map or a list that may be one variable as a whole, nothing around it. */
export function wholeOrVariable(type: "object" | "array"): JsonSchema {
  return { type: [type, "string"], pattern: "^\\$\\{[^}]*\\}$" };
}

/** Options that have to be written: required ones without a default. */
function needed(schema: JsonSchema): readonly string[] {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  return ((schema.required ?? []) as readonly string[]).filter((name) => !("default" in properties[name]));
}

/**
 * The options a stage declares, closed to unknown ones; each may be given as a variable, and those without a default
 * have an example, as has the whole.
 */
function optionsOf(options: Stage["options"]): JsonSchema {
  const schema = closed(JSON.parse(JSON.stringify(options)));
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>;
  const sample = (name: string) => sampleValue(properties[name] as OptionSchema, name);
  const required = needed(schema);
  return {
    ...schema,
    required,
    ...(required.length === 0
      ? {}
      : { examples: [Object.fromEntries(required.map((name) => [name, sample(name)]))] }),
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, option]) => [
        name,
        orVariable("default" in option ? option : { examples: [sample(name)], ...option }),
      ]),
    ),
  };
}

/** What `with` has to be for a stage, by its variant where it has any. */
export function optionsByVariant({ options, variants }: Stage): JsonSchema {
  const usual = withOptions(optionsOf(options));
  return [...(variants?.schemas ?? [])].reduce<JsonSchema>(
    (otherwise, [name, schema]) => ({
      if: {
        properties: {
          with: {
            type: "object",
            properties: { [variants!.option]: { const: name } },
            required: [variants!.option],
          },
        },
        required: ["with"],
      },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: withOptions(optionsOf(schema)),
      else: otherwise,
    }),
    usual,
  );
}

/** What `with` has to be: it may be left out, or be empty, where no option has to be written. */
function withOptions(options: JsonSchema): JsonSchema {
  return needed(options).length > 0
    ? { properties: { with: { anyOf: [options, variable] } }, required: ["with"] }
    : { properties: { with: { anyOf: [options, variable, { type: "null" }] } } };
}

/** The schema of a value, or of a variable in its place; text may be one already. */
export function orVariable(schema: JsonSchema): JsonSchema {
  if (schema.secret === true && schema.type === "string") return { ...schema, pattern: variable.pattern };
  if (schema.type === "string" && !("pattern" in schema)) return schema;
  const { description, default: otherwise, examples, ...rest } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    ...(examples === undefined ? {} : { examples }),
    ...(otherwise === undefined ? {} : { default: otherwise }),
    anyOf: [withinVariables(rest), variable],
  };
}

/** A list or map each of whose parts may be a variable too; what tells the branches of a union apart stays as it is. */
function withinVariables(schema: JsonSchema): JsonSchema {
  const { items, properties, anyOf } = schema;
  return {
    ...schema,
    ...(isSchema(items) ? { items: partOrVariable(items) } : {}),
    ...(isSchema(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, part]) => [
              name,
              isSchema(part) ? partOrVariable(part) : part,
            ]),
          ),
        }
      : {}),
    ...(Array.isArray(anyOf)
      ? { anyOf: anyOf.map((branch) => (isSchema(branch) ? withinVariables(branch) : branch)) }
      : {}),
  };
}

const partOrVariable = (schema: JsonSchema): JsonSchema => ("const" in schema ? schema : orVariable(schema));

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
