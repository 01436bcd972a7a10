/** A JSON Schema as TypeBox makes it, as far as describing options needs it. */
export interface OptionSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly OptionSchema[];
  readonly items?: OptionSchema | readonly OptionSchema[];
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, OptionSchema>>;
  readonly additionalProperties?: boolean | OptionSchema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly examples?: readonly unknown[];
}

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

/** A value that a schema accepts, for examples: its own example, its default, else the simplest one. */
export function sampleValue(schema: OptionSchema, name: string): unknown {
  if (schema.examples !== undefined && schema.examples.length > 0) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleValue(schema.anyOf[0], name);
  switch (schema.type) {
    case "integer":
    case "number":
      return sampleNumber(schema);
    case "boolean":
      return true;
    case "array": {
      if (schema.items === undefined) return [];
      if (Array.isArray(schema.items)) return schema.items.map((item) => sampleValue(item, name));
      return new Array(Math.max(1, schema.minItems ?? 1)).fill(
        sampleValue(schema.items as OptionSchema, name),
      );
    }
    case "object":
      return Object.fromEntries(
        // TypeBox calls an option with a default required, for it is there once the default is filled in.
        (schema.required ?? [])
          .filter((key) => schema.properties?.[key]?.default === undefined)
          .map((key) => [key, sampleValue(schema.properties?.[key] ?? {}, key)]),
      );
    default:
      return name;
  }
}

function sampleNumber(schema: OptionSchema): number {
  if (schema.minimum !== undefined) return schema.minimum;
  if (schema.exclusiveMinimum !== undefined) {
    if (schema.type === "integer") return schema.exclusiveMinimum + 1;
    const above = schema.maximum ?? schema.exclusiveMaximum ?? schema.exclusiveMinimum + 1;
    return (schema.exclusiveMinimum + above) / 2;
  }
  return schema.maximum ?? 1;
}
