import { type TObject, type TProperties, Type } from "typebox";
import type { Added } from "../pipeline/stage.js";

type WithOptions = Added<{ readonly summary: string; readonly options: TObject }>;

/**
 * The schemas of a stage's options for each added name: those of the stage, and the addition's own beside them. An own
 * option takes the place of the stage's of that name.
 */
export function variantsOf(
  stageOptions: TProperties,
  additions: ReadonlyMap<string, WithOptions>,
): ReadonlyMap<string, TObject> {
  return new Map(
    [...additions].map(([name, { thing }]) => [
      name,
      Type.Object({ ...stageOptions, ...thing.options.properties }, { additionalProperties: false }),
    ]),
  );
}

/** What a description of built-in names says of the added ones besides. */
export function addedWords(additions: ReadonlyMap<string, WithOptions>): string {
  return [...additions]
    .map(([name, { plugin, thing }]) => `; ${name}: ${thing.summary} (plugin ${plugin})`)
    .join("");
}

/** The addition's own options among those of its stage. */
export function ownOptions(schema: TObject, options: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name in schema.properties));
}
