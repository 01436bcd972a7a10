import { kerasErrors, shown } from "./errors.js";

export type Config = Readonly<Record<string, unknown>>;

/** A layer of a model as model.json has it. */
export interface KerasLayer {
  /** `layers[3]`, `layers[3].layers[0]` within a nested model. */
  readonly place: string;
  readonly name: string;
  readonly className: string;
  readonly config: Config;
  /** Layers its input comes from; the one before it in a sequential model. */
  readonly inputs: readonly string[];
  /** Times it is called. */
  readonly calls: number;
  /** What it is made of, where it is a model itself. */
  readonly model: KerasModel | undefined;
}

/** A model: layers by name, from the one of its input to the one of its output. */
export interface KerasModel {
  readonly layers: ReadonlyMap<string, KerasLayer>;
  /** Name of the layer whose output is the model's. */
  readonly output: string;
}

/** Models within models, and lists within lists, that are followed. */
const deepest = 16;

const modelClasses = ["Sequential", "Functional", "Model"];

export const isRecord = (value: unknown): value is Config =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A name as it is, anything else as text. */
const nameOf = (value: unknown) => (typeof value === "string" ? value : shown(value));

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/**
 * The model of a model.json's `modelTopology`, as TensorFlow.js saves it or its converter makes it of Keras 2 and 3.
 * KERAS_FORMAT where it is none, KERAS_INPUT and KERAS_GRAPH for more than one input or output.
 */
export function readModel(topology: unknown, file: string): KerasModel {
  const own = isRecord(topology) && isRecord(topology.model_config) ? topology.model_config : topology;
  if (!isRecord(own)) throw kerasErrors.format(file, "there is no modelTopology");
  const { class_name: className, config } = own;
  if (typeof className !== "string" || !modelClasses.includes(className)) {
    throw kerasErrors.format(file, `its model is of class ${JSON.stringify(className)}`, className);
  }
  return modelOf(className, config, { place: "", depth: 0 }, file);
}

/** Where a model stands: `layers[3].` and how many it is within. */
interface Standing {
  readonly place: string;
  readonly depth: number;
}

function modelOf(className: string, config: unknown, standing: Standing, file: string): KerasModel {
  if (standing.depth > deepest) throw kerasErrors.format(file, `models within ${deepest} models`);
  const found = isRecord(config) ? config : { layers: config };
  const isChain = className === "Sequential";
  const layers = new Map<string, KerasLayer>();
  let previous: string | undefined;
  for (const [index, entry] of listOf(found.layers).entries()) {
    const layer = layerOf(
      entry,
      { ...standing, place: `${standing.place}layers[${index}]` },
      file,
      isChain ? previous : undefined,
    );
    if (layers.has(layer.name))
      throw kerasErrors.format(file, `two layers are called "${layer.name}"`, layer.name);
    layers.set(layer.name, layer);
    previous = layer.name;
  }
  if (previous === undefined) throw kerasErrors.format(file, "its model has no layers");
  if (isChain) return { layers, output: previous };
  const inputs = endsOf(found.input_layers);
  const outputs = endsOf(found.output_layers);
  if (inputs.length !== 1) throw kerasErrors.input(file, `the model has ${inputs.length} inputs`, inputs);
  const output = layers.get(outputs[0]);
  if (outputs.length !== 1 || output === undefined) {
    throw kerasErrors.format(file, `the model has ${outputs.length} outputs, not one`, outputs);
  }
  return { layers, output: output.name };
}

function layerOf(
  entry: unknown,
  { place, depth }: Standing,
  file: string,
  previous: string | undefined,
): KerasLayer {
  if (!isRecord(entry) || typeof entry.class_name !== "string") {
    throw kerasErrors.format(file, `${place} is no layer`, entry);
  }
  const className = entry.class_name;
  const within = { place: `${place}.`, depth: depth + 1 };
  const config = isRecord(entry.config) ? entry.config : {};
  const name = nameOf(entry.name ?? config.name ?? place);
  const calls = listOf(entry.inbound_nodes);
  return {
    place,
    name,
    className,
    config,
    inputs: previous === undefined ? callersOf(calls[0]) : [previous],
    calls: Math.max(1, calls.length),
    model: modelClasses.includes(className) ? modelOf(className, entry.config, within, file) : undefined,
  };
}

/** Names in `["a", 0, 0]` or `[["a", 0, 0], …]`. */
function endsOf(value: unknown): readonly string[] {
  const list = listOf(value);
  return typeof list[0] === "string" ? [list[0]] : list.map((end) => nameOf(listOf(end)[0]));
}

/** Layers a call takes tensors of: `[["a", 0, 0, {}], …]` of Keras 2, `{ args, kwargs }` with histories of Keras 3. */
function callersOf(call: unknown, depth = 0): readonly string[] {
  if (depth > deepest) return [];
  const within = (value: unknown) => callersOf(value, depth + 1);
  if (Array.isArray(call)) return typeof call[0] === "string" ? [call[0]] : call.flatMap(within);
  if (!isRecord(call)) return [];
  const history = isRecord(call.config) ? call.config.keras_history : undefined;
  if (Array.isArray(history)) return [nameOf(history[0])];
  return [...listOf(call.args), ...Object.values(isRecord(call.kwargs) ? call.kwargs : {})].flatMap(within);
}
