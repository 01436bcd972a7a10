import { inferShapes, type Network, parametersFrom, parseNetwork, refuseNonFinite, throwAll } from "jacoflow";
import { kerasErrors, shown } from "./errors.js";
import { isRecord, type KerasLayer, readModel } from "./model.js";
import { convert } from "./network.js";
import { readRegularFile, readWeights } from "./weights.js";

/** A Keras model as a network with its parameters. */
export interface KerasNetwork {
  readonly network: Network;
  /** Flat, in the order of the network's layout. */
  readonly parameters: Float32Array;
  /** The layer whose soft-max was left out at the end; undefined where there is none. */
  readonly softmax: string | undefined;
}

/**
 * Reads a `model.json` of the layers format and the weights beside it. Errors: KERAS_UNREADABLE, KERAS_FORMAT,
 * KERAS_LAYER, KERAS_GRAPH, KERAS_INPUT, KERAS_SHARD_PATH, KERAS_SHARD_BYTES, KERAS_WEIGHT; what does not fit together:
 * INVALID_LAYER and the like, MISSING_WEIGHT, WEIGHT_SHAPE, EXTRA_WEIGHT, WEIGHT_VALUE.
 */
export async function readKeras(file: string): Promise<KerasNetwork> {
  const json = await readJson(file);
  if (!isRecord(json)) throw kerasErrors.format(file, "it is no model.json");
  if (json.format === "graph-model") {
    throw kerasErrors.format(file, "it is a graph of operations, in which there are no layers", json.format);
  }
  const { network: described, softmax, layers } = convert(readModel(json.modelTopology, file), file);
  const network = parseNetwork(described, file);
  checkAxes(inferShapes(network).layers, layers, file);
  const tensors = await readWeights(json.weightsManifest, file, layers);
  refuseNonFinite(tensors, { file });
  return { network, parameters: parametersFrom(network, tensors, { file }), softmax };
}

type Shaped = ReturnType<typeof inferShapes>["layers"][number];

/** Whether the axis of each batch normalisation is that of the channels, the last. */
function checkAxes(shaped: readonly Shaped[], layers: ReadonlyMap<string, KerasLayer>, file: string): void {
  const problems = (found: readonly Shaped[]): ReturnType<typeof kerasErrors.layer>[] =>
    found.flatMap((own) => {
      if (own.type === "residual") return problems([...own.main, ...own.shortcut]);
      const layer = own.type === "batchNormalization" ? layers.get(own.layer.name) : undefined;
      if (layer === undefined) return [];
      const [axis] = [layer.config.axis ?? -1].flat();
      if (axis === -1 || axis === own.input.length) return [];
      return [kerasErrors.layer(file, layer, `axis ${shown(axis)}: channels must come last`)];
    });
  throwAll(problems(shaped));
}

async function readJson(file: string): Promise<unknown> {
  const bytes = await readRegularFile(file).catch((cause: unknown) => {
    throw kerasErrors.unreadable(file, cause);
  });
  const text = bytes.toString("utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw kerasErrors.format(file, `it is not JSON: ${(error as Error).message}`, text.slice(0, 80));
  }
}
