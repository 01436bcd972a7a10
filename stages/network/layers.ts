import { Default, Errors } from "typebox/value";
import type { Added, Additions, NamedLayers } from "../../pipeline/stage.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";

type Parts = Readonly<Record<string, unknown>>;

/**
 * A network description with every layer of a plugin's type replaced by the built-in layers it stands for, in residual
 * branches too. What is no network is left for `parseNetwork` to refuse. PLUGIN_LAYER when options do not fit the
 * layer's schema or the plugin throws.
 */
export function expandLayers(value: unknown, added: Additions["layers"], source: string): unknown {
  const stack = (layers: unknown): unknown =>
    Array.isArray(layers) ? layers.flatMap((layer) => replaced(layer)) : layers;
  const replaced = (layer: unknown): readonly unknown[] => {
    if (!isParts(layer)) return [layer];
    const addition = typeof layer.type === "string" ? added.get(layer.type) : undefined;
    if (addition !== undefined) return layersOf(layer, addition, source);
    const branches = ["main", "shortcut"].filter((branch) => branch in layer);
    return [{ ...layer, ...Object.fromEntries(branches.map((branch) => [branch, stack(layer[branch])])) }];
  };
  return isParts(value) ? { ...value, layers: stack(value.layers) } : value;
}

function layersOf(
  { type, name, ...given }: Parts,
  { plugin, thing }: Added<NamedLayers>,
  source: string,
): readonly unknown[] {
  const refuse = (reason: string, cause: unknown) =>
    pluginErrors.layer(plugin, String(type), reason, cause, source);
  const unknown = Object.keys(given).find((option) => !(option in thing.options.properties));
  if (unknown !== undefined) throw refuse(`it has no option "${unknown}"`, given);
  const options = Default(thing.options, structuredClone(given)) as Parts;
  const [mistake] = Errors(thing.options, options);
  if (mistake !== undefined) throw refuse(`options${mistake.instancePath} ${mistake.message}`, given);
  let layers: readonly unknown[];
  try {
    layers = thing.layers(options);
  } catch (error) {
    throw refuse((error as Error).message, error);
  }
  if (!Array.isArray(layers)) throw refuse("it makes no list of layers", layers);
  return typeof name === "string" ? layers.map((layer) => prefixed(layer, name)) : layers;
}

/** Names of layers have to be unique in a network: those inside begin with the one outside. */
function prefixed(layer: unknown, name: string): unknown {
  if (!isParts(layer)) return layer;
  const own = typeof layer.name === "string" ? { name: `${name}-${layer.name}` } : {};
  const branches = ["main", "shortcut"].flatMap((branch) => {
    const layers = layer[branch];
    return Array.isArray(layers) ? [[branch, layers.map((inner) => prefixed(inner, name))] as const] : [];
  });
  return { ...layer, ...own, ...Object.fromEntries(branches) };
}

function isParts(value: unknown): value is Parts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
