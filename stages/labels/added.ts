import type { Added, NamedLabelNoise } from "../../pipeline/stage.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { ownOptions } from "../additions.js";

type Law = readonly (readonly number[])[];

/**
 * The law of a plugin's noise for K classes. PLUGIN_LABEL_NOISE when it throws, or is not K rows of K probabilities.
 * `options` are all of the stage's.
 */
export function addedLaw(
  name: string,
  { plugin, thing }: Added<NamedLabelNoise>,
  options: object,
  classes: number,
  place: string,
): Law {
  let law: Law;
  try {
    law = thing.law(ownOptions(thing.options, options), classes);
  } catch (error) {
    throw pluginErrors.labelNoise(plugin, name, (error as Error).message, error, place);
  }
  const isLaw = (row: readonly number[]) =>
    Array.isArray(row) &&
    row.length === classes &&
    row.every((value) => value >= 0) &&
    Math.abs(row.reduce((sum, value) => sum + value, 0) - 1) <= 1e-9;
  if (Array.isArray(law) && law.length === classes && law.every(isLaw)) return law;
  const reason = `its law is not ${classes} rows of ${classes} probabilities that sum to 1`;
  throw pluginErrors.labelNoise(plugin, name, reason, law, place);
}
