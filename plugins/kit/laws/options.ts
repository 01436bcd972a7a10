import { Check, Default, Errors } from "typebox/value";
import type { Law } from "./law.js";

/** What this law reads of a JSON Schema. */
interface OptionSchema {
  readonly description?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, OptionSchema>>;
  readonly patternProperties?: Readonly<Record<string, OptionSchema>>;
  readonly additionalProperties?: OptionSchema | boolean;
  readonly items?: OptionSchema | readonly OptionSchema[];
  readonly anyOf?: readonly OptionSchema[];
  readonly oneOf?: readonly OptionSchema[];
  readonly allOf?: readonly OptionSchema[];
}

interface PlacedOption {
  /** `snapshots.every` */
  readonly path: string;
  readonly schema: OptionSchema;
}

/** Every option of a schema, those inside of options, lists and choices too. */
function optionsWithin(schema: OptionSchema, path = ""): readonly PlacedOption[] {
  const { additionalProperties: others, items = [] } = schema;
  const inside = [
    ...[schema.anyOf, schema.oneOf, schema.allOf].flatMap((choices) => choices ?? []),
    ...(Array.isArray(items) ? items : [items]),
    ...Object.values(schema.patternProperties ?? {}),
    ...(typeof others === "object" ? [others] : []),
  ];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
      const own = path === "" ? name : `${path}.${name}`;
      return [{ path: own, schema: option }, ...optionsWithin(option, own)];
    }),
    ...inside.flatMap((one) => optionsWithin(one, path)),
  ];
}

/** Why a schema refuses a value, in its own words; undefined when it takes it. */
function refusal(schema: OptionSchema, value: unknown): string | undefined {
  const filled = Default(schema as never, structuredClone(value));
  if (Check(schema as never, filled)) return undefined;
  return (Errors(schema as never, filled) as { readonly message: string }[])[0].message;
}

/** What is wrong with the documentation of a schema of options. */
export function undocumented(schema: object): string | undefined {
  const options = optionsWithin(schema as OptionSchema);
  const bare = options.filter(
    ({ schema: { description } }) => typeof description !== "string" || description.trim() === "",
  );
  if (bare.length > 0) return `no description of ${[...new Set(bare.map(({ path }) => path))].join(", ")}`;
  for (const { path, schema: option } of options) {
    const shown = [
      ...(option.default === undefined ? [] : [{ what: "default", value: option.default }]),
      ...(option.examples ?? []).map((value) => ({ what: "example", value })),
    ];
    for (const { what, value } of shown) {
      const reason = refusal(option, value);
      if (reason !== undefined) return `the ${what} ${JSON.stringify(value)} of ${path} ${reason}`;
    }
  }
  return undefined;
}

export const optionsDocumented: Law = async ({ stage: { options, variants } }) =>
  [options, ...(variants?.schemas.values() ?? [])].map(undocumented).find((reason) => reason !== undefined);
