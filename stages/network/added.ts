import type { Network } from "../../engine/network/network.js";
import { parseNetwork } from "../../engine/network/parse.js";
import type { Added, NamedArchitecture } from "../../pipeline/stage.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { ownOptions } from "../additions.js";

/**
 * How an architecture of a plugin is fitted to the shape of an example and to K. PLUGIN_ARCHITECTURE when it throws, or
 * makes what is no network. `options` are all of the stage's.
 */
export function addedArchitecture(
  name: string,
  { plugin, thing }: Added<NamedArchitecture>,
  options: object,
  place: string,
): (input: readonly number[], outputs: number) => Network {
  const own = ownOptions(thing.options, options);
  return (input, classes) => {
    try {
      return parseNetwork(thing.network(own, { input, classes }), place);
    } catch (error) {
      throw pluginErrors.architecture(plugin, name, error, place);
    }
  };
}
