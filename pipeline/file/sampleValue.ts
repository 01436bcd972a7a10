/** A JSON Schema as TypeBox makes it, as far as options use it. */
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
  /** Whether its text comes from the environment alone. */
  readonly secret?: boolean;
}

/** A value that a schema accepts, for examples: its own example, its default, else the simplest one. */
export function sampleValue(schema: OptionSchema, name: string): unknown {
  if (schema.examples !== undefined && schema.examples.length > 0) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return sampleValue(schema.anyOf[0], name);
  if (schema.secret === true) return `\${${name.toUpperCase()}_SECRET}`;
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
