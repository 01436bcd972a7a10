import type { Network } from "../../engine/network/network.js";
import { parseNetwork } from "../../engine/network/parse.js";
import type { Added, Additions, NamedArchitecture } from "../../pipeline/stage.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import { ownOptions } from "../additions.js";
import { expandLayers } from "./layers.js";

type AddedLayers = Additions["layers"];

/** A network whose layers may be those of plugins: {@link expandLayers}, then the errors of `parseNetwork`. */
export function readNetwork(value: unknown, layers: AddedLayers, source: string): Network {
  return parseNetwork(layers.size === 0 ? value : expandLayers(value, layers, source), source);
}

/**
 * How an architecture of a plugin is fitted to the shape of an example and to K. PLUGIN_ARCHITECTURE when it throws, or
 * makes what is no network. `options` are all of the stage's.
 */
export function addedArchitecture(
  name: string,
  { plugin, thing }: Added<NamedArchitecture>,
  options: object,
  layers: AddedLayers,
  place: string,
): (input: readonly number[], outputs: number) => Network {
  const own = ownOptions(thing.options, options);
  return (input, classes) => {
    try {
      return readNetwork(thing.network(own, { input, classes }), layers, place);
    } catch (error) {
      throw pluginErrors.architecture(plugin, name, error, place);
    }
  };
}
