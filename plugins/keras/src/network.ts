import { type JacoflowError, type Layer, type Network, throwAll } from "jacoflow";
import { chainOf, type Link } from "./chain.js";
import { kerasErrors } from "./errors.js";
import { activationName, doesNothing, stepOf } from "./layers.js";
import type { KerasLayer, KerasModel } from "./model.js";

/** A model as a network, not yet checked. */
export interface Converted {
  readonly network: Network;
  /** The layer whose soft-max ended the model: the network gives what goes into it. */
  readonly softmax: string | undefined;
  /** All layers by name, those too that do nothing once trained. */
  readonly layers: ReadonlyMap<string, KerasLayer>;
}

/**
 * A Keras model as a network. Every layer that cannot be taken over is named at once: KERAS_LAYER. KERAS_GRAPH where the
 * layers are no chain, KERAS_INPUT where the shape of the input is not known.
 */
export function convert(model: KerasModel, file: string): Converted {
  const { model: stripped, softmax } = withoutSoftmax(model);
  const layers = allLayers(stripped);
  const problems = layers.flatMap((layer) => {
    if (layer.className === "Add" || layer.model !== undefined) return [];
    return stepOf(layer).reasons.map((reason) => kerasErrors.layer(file, layer, reason));
  });
  throwAll(problems);
  const misplaced: JacoflowError[] = [];
  const network = { input: inputOf(layers, file), layers: build(chainOf(stripped, file), file, misplaced) };
  throwAll(misplaced);
  return { network, softmax, layers: new Map(allLayers(model).map((layer) => [layer.name, layer])) };
}

function allLayers({ layers }: KerasModel): readonly KerasLayer[] {
  return [...layers.values()].flatMap((layer) => [
    layer,
    ...(layer.model === undefined ? [] : allLayers(layer.model)),
  ]);
}

/** The same model with what goes into the soft-max it ends with as its output. */
function withoutSoftmax(model: KerasModel): {
  readonly model: KerasModel;
  readonly softmax: string | undefined;
} {
  let last = model.layers.get(model.output);
  const passed = new Set<string>();
  while (last !== undefined && doesNothing(last.className) && !passed.has(last.name)) {
    passed.add(last.name);
    last = model.layers.get(last.inputs[0]);
  }
  if (last === undefined) return { model, softmax: undefined };
  const replaced = (layer: KerasLayer, softmax: string | undefined) => ({
    model: { ...model, layers: new Map(model.layers).set(layer.name, layer) },
    softmax,
  });
  if (last.model !== undefined) {
    const inner = withoutSoftmax(last.model);
    return replaced({ ...last, model: inner.model }, inner.softmax);
  }
  if (last.className !== "Softmax" && activationName(last.config) !== "softmax") {
    return { model, softmax: undefined };
  }
  const className = last.className === "Softmax" ? "Activation" : last.className;
  return replaced({ ...last, className, config: { ...last.config, activation: "linear" } }, last.name);
}

function inputOf(layers: readonly KerasLayer[], file: string): readonly number[] {
  const found = layers
    .map(({ config }) => config.batch_input_shape ?? config.batch_shape ?? config.build_input_shape)
    .find(Array.isArray);
  if (found === undefined) throw kerasErrors.input(file, "no layer says the shape of the input");
  const shape = found.slice(1) as readonly unknown[];
  if (!shape.every((side) => Number.isInteger(side)) || ![1, 3].includes(shape.length)) {
    throw kerasErrors.input(file, `inputs of shape ${JSON.stringify(found)}`, found);
  }
  return shape as readonly number[];
}

function build(links: readonly Link[], file: string, problems: JacoflowError[]): readonly Layer[] {
  const layers: Layer[] = [];
  let padding: { readonly zeros: number; readonly layer: KerasLayer } | undefined;
  const alone = () => {
    if (padding === undefined) return;
    const reason = "its zeros go into another layer than a convolution without padding";
    problems.push(kerasErrors.layer(file, padding.layer, reason));
    padding = undefined;
  };
  for (const link of links) {
    if (link.kind === "branches") {
      alone();
      const [main, shortcut] = [link.main, link.shortcut].map((branch) => build(branch, file, problems));
      layers.push({ type: "residual", name: link.join.name, main, shortcut });
      continue;
    }
    const { step } = stepOf(link.layer);
    if (step.kind === "padding") {
      alone();
      padding = { zeros: step.zeros, layer: link.layer };
    } else if (step.kind === "layer") {
      const { layer } = step;
      if (padding !== undefined && layer.type === "conv2d" && layer.padding === "valid") {
        layers.push({ ...layer, padding: padding.zeros });
        padding = undefined;
        continue;
      }
      alone();
      // The activation that is left of a soft-max does nothing.
      if (layer.type !== "activation" || layer.activation !== "linear") layers.push(layer);
    }
  }
  alone();
  return layers;
}
