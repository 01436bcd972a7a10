import type { OptionSchema } from "../file/sampleValue.js";

/** A type in words: `squared | cross-entropy`, `integer ≥ 1`, `list of number`, `{ mean, deviation }`. */
export function typeText(schema: OptionSchema): string {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(String).join(" | ");
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeText))].join(" | ");
  if (Array.isArray(schema.type)) return schema.type.join(" | ");
  switch (schema.type) {
    case "array":
      return listText(schema);
    case "object":
      return objectText(schema);
    case "string":
      return "text";
    case "boolean":
      return "true | false";
    case "integer":
    case "number":
      return `${schema.type}${rangeText(schema)}`;
    default:
      return "anything";
  }
}

function listText(schema: OptionSchema): string {
  if (schema.items === undefined) return "list";
  if (Array.isArray(schema.items)) return `[${schema.items.map(typeText).join(", ")}]`;
  const item = typeText(schema.items as OptionSchema);
  return `list of ${item.includes(" | ") ? `(${item})` : item}`;
}

function objectText(schema: OptionSchema): string {
  const names = Object.keys(schema.properties ?? {});
  if (names.length === 0) return "mapping";
  const needed = new Set(schema.required ?? []);
  return `{ ${names.map((name) => (needed.has(name) ? name : `${name}?`)).join(", ")} }`;
}

function rangeText(schema: OptionSchema): string {
  const low =
    schema.exclusiveMinimum !== undefined
      ? ` > ${schema.exclusiveMinimum}`
      : schema.minimum !== undefined
        ? ` ≥ ${schema.minimum}`
        : "";
  const high =
    schema.exclusiveMaximum !== undefined
      ? ` < ${schema.exclusiveMaximum}`
      : schema.maximum !== undefined
        ? ` ≤ ${schema.maximum}`
        : "";
  return low !== "" && high !== "" ? `${low} and${high}` : low + high;
}
