/** A JSON Schema as far as option schemas use it. */
export interface OptionSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly OptionSchema[];
  readonly oneOf?: readonly OptionSchema[];
  readonly items?: OptionSchema;
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

/** What a value of this schema is, in words that follow "is not": `a whole number, 1 or more`, `"gd" or "sgd"`. */
export function describeSchema(schema: OptionSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return either(schema.enum.map((value) => JSON.stringify(value)));
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return either(branches.map(describeSchema));
  switch (schema.type) {
    case "integer":
      return `a whole number${rangeText(schema)}`;
    case "number":
      return `a number${rangeText(schema)}`;
    case "string":
      if (schema.pattern !== undefined) return `a string like ${schema.pattern}`;
      return (schema.minLength ?? 0) > 0 ? "a string that is not empty" : "a string";
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `a list${lengthText(schema)}${itemsText(schema.items)}`;
    case "object": {
      const keys = Object.keys(schema.properties ?? {});
      return keys.length === 0 ? "a map" : `a map { ${keys.join(", ")} }`;
    }
    default:
      return "a value this option takes";
  }
}

/** Words a string value of this schema may be, for a nearest one. */
export function wordsOf(schema: OptionSchema): readonly string[] {
  if (typeof schema.const === "string") return [schema.const];
  if (schema.enum !== undefined) return schema.enum.filter((value) => typeof value === "string");
  return (schema.anyOf ?? schema.oneOf ?? []).flatMap(wordsOf);
}

function either(texts: readonly string[]): string {
  const different = [...new Set(texts)];
  const last = different[different.length - 1];
  if (different.length === 1) return last;
  const others = different.slice(0, -1);
  return `${others.join(", ")}${others.some((each) => each.includes(",")) ? "," : ""} or ${last}`;
}

function rangeText(schema: OptionSchema): string {
  const parts: string[] = [];
  if (schema.minimum !== undefined && schema.maximum !== undefined) {
    parts.push(`from ${schema.minimum} to ${schema.maximum}`);
  } else if (schema.minimum !== undefined) parts.push(`${schema.minimum} or more`);
  else if (schema.maximum !== undefined) parts.push(`${schema.maximum} or less`);
  if (schema.exclusiveMinimum !== undefined) parts.push(`above ${schema.exclusiveMinimum}`);
  if (schema.exclusiveMaximum !== undefined) parts.push(`below ${schema.exclusiveMaximum}`);
  return parts.length === 0 ? "" : `, ${parts.join(" and ")},`.replace(/,$/, "");
}

/** A range after a comma would read as that of the list's place among alternatives. */
function itemsText(items: OptionSchema | undefined): string {
  if (items === undefined) return "";
  const text = describeSchema(items);
  return items.type === "integer" || items.type === "number"
    ? ` of ${text.replace("a whole number", "whole numbers").replace("a number", "numbers").replace(",", ", each")}`
    : ` of ${text}`;
}

function lengthText(schema: OptionSchema): string {
  if (schema.minItems !== undefined && schema.minItems === schema.maxItems) return ` of ${schema.minItems}:`;
  if (schema.minItems === 1 && schema.maxItems === undefined) return " (not empty)";
  if (schema.minItems !== undefined && schema.minItems > 0) return ` (at least ${schema.minItems})`;
  return "";
}
