import { kerasErrors } from "./errors.js";
import type { KerasLayer, KerasModel } from "./model.js";

/** A part of a model that is a chain: a layer, or two branches that an Add layer joins. */
export type Link =
  | { readonly kind: "layer"; readonly layer: KerasLayer }
  | {
      readonly kind: "branches";
      readonly join: KerasLayer;
      readonly main: readonly Link[];
      readonly shortcut: readonly Link[];
    };

/**
 * A model as a chain from its input to its output, nested models taken apart. KERAS_GRAPH names a layer where that is
 * not possible: it is called twice, takes several inputs, or its output goes two ways that no Add joins.
 */
export function chainOf(model: KerasModel, file: string): readonly Link[] {
  const used = new Set<string>();
  const layerOf = (name: string): KerasLayer => {
    const layer = model.layers.get(name);
    if (layer === undefined) throw kerasErrors.format(file, `there is no layer "${name}"`, name);
    return layer;
  };
  const refuse = (layer: KerasLayer, reason: string) => kerasErrors.graph(file, layer, reason);

  /** The layer before, past the branches of an Add; undefined at the model's input. */
  const before = (layer: KerasLayer): string | undefined => {
    if (layer.className === "Add") return fork(layer);
    if (layer.inputs.length > 1) throw refuse(layer, `it takes ${layer.inputs.length} inputs`);
    return layer.inputs[0];
  };
  const spine = (name: string): readonly string[] => {
    const names: string[] = [];
    for (let at: string | undefined = name; at !== undefined; at = before(layerOf(at))) {
      if (names.includes(at)) throw refuse(layerOf(at), "its output comes back to it");
      names.push(at);
    }
    return names;
  };
  const forks = new Map<string, string>();
  const sought = new Set<string>();
  /** Where the two branches that an Add joins have parted. */
  const fork = (join: KerasLayer): string => {
    const known = forks.get(join.name);
    if (known !== undefined) return known;
    if (join.inputs.length !== 2) throw refuse(join, `it adds ${join.inputs.length} inputs, not two`);
    if (sought.has(join.name)) throw refuse(join, "its output comes back to it");
    sought.add(join.name);
    const [one, other] = join.inputs.map(spine);
    const common = one.find((name) => other.includes(name));
    if (common === undefined) throw refuse(join, "its branches have no common beginning");
    forks.set(join.name, common);
    return common;
  };

  /** From the layer after `stop` to `end`. */
  const chain = (end: string, stop: string | undefined): readonly Link[] => {
    const links: Link[] = [];
    for (let at: string | undefined = end; at !== undefined && at !== stop; at = before(layerOf(at))) {
      const layer = layerOf(at);
      if (used.has(at)) throw refuse(layer, "its output goes several ways that no Add layer joins");
      if (layer.calls > 1) throw refuse(layer, `it is called ${layer.calls} times: its weights are shared`);
      used.add(at);
      if (layer.className === "Add") {
        const parting = fork(layer);
        const [one, other] = layer.inputs.map((name) => chain(name, parting));
        const [main, shortcut] = one.length >= other.length ? [one, other] : [other, one];
        links.push({ kind: "branches", join: layer, main, shortcut });
      } else if (layer.model !== undefined) {
        links.push(...[...chainOf(frozenLike(layer, layer.model), file)].reverse());
      } else {
        links.push({ kind: "layer", layer });
      }
    }
    return links.reverse();
  };
  return chain(model.output, undefined);
}

/** The layers of a model that is not trainable are not either. */
function frozenLike(layer: KerasLayer, model: KerasModel): KerasModel {
  if (layer.config.trainable !== false) return model;
  const layers = [...model.layers].map(
    ([name, own]) => [name, { ...own, config: { ...own.config, trainable: false } }] as const,
  );
  return { ...model, layers: new Map(layers) };
}
