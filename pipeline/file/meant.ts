import { nearest } from "../../schemas/errors/nearest.js";
import { type OptionSchema, wordsOf } from "./describe.js";

/** What a text that an option does not take was probably meant to be: one of its words, or a number it takes. */
export function meantValue(given: unknown, schema: OptionSchema): string | number | undefined {
  if (typeof given !== "string") return undefined;
  const number = numberIn(given);
  if (number !== undefined && takes(schema, number)) return number;
  return nearest(given, wordsOf(schema));
}

/** The number in a text: one in quotes, one with a decimal comma, a percentage. */
function numberIn(text: string): number | undefined {
  const written = /^\s*([-+]?\d+(?:[.,]\d+)?(?:e[-+]?\d+)?)\s*(%?)\s*$/i.exec(text);
  if (written === null) return undefined;
  const number = Number(written[1].replace(",", "."));
  return written[2] === "%" ? Number((number / 100).toPrecision(12)) : number;
}

function takes(schema: OptionSchema, number: number): boolean {
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return branches.some((branch) => takes(branch, number));
  return (
    (schema.type === "number" || (schema.type === "integer" && Number.isInteger(number))) &&
    number >= (schema.minimum ?? number) &&
    number <= (schema.maximum ?? number) &&
    number > (schema.exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
    number < (schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY)
  );
}
