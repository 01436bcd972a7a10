import type { RecordBatch } from "apache-arrow";
import { type ParameterLayout, parameterLayout } from "../engine/network/layout.js";
import type { Network } from "../engine/network/network.js";
import { parseNetwork } from "../engine/network/parse.js";
import type { NamedTensor } from "../engine/network/safetensors.js";
import { parametersFrom } from "../engine/network/weights.js";
import { dataErrors } from "../schemas/errors/data.js";
import { lossOfSchema, type TrainingLoss } from "../schemas/loss.js";
import { parametersTable } from "../schemas/tables/parameters.js";

/** The parameters of a network at one step, as stages compute with them. */
export interface Snapshot {
  readonly step: number;
  readonly epoch: number;
  readonly network: Network;
  /** Flat, layout order, totalCount long. */
  readonly parameters: Float32Array;
  /** The loss it was trained with, where a training made it. */
  readonly loss?: TrainingLoss;
}

/** Makes the batches of one network's snapshots, all with one schema; `loss` is that of their training. */
export function snapshotWriter(
  network: Network,
  loss?: TrainingLoss,
): {
  readonly layout: ParameterLayout;
  /** One batch over a flat parameter vector (not copied: do not write to it afterwards). */
  readonly batch: (step: number, epoch: number, parameters: Float32Array) => RecordBatch;
} {
  const layout = parameterLayout(network);
  const table = parametersTable(network, loss);
  const { tensors } = layout;
  const offsets = Int32Array.from([...tensors.map((slot) => slot.offset), layout.totalCount]);
  const dimensions = Int32Array.from(tensors.flatMap((slot) => slot.shape));
  const shapeOffsets = new Int32Array(tensors.length + 1);
  tensors.forEach((slot, row) => {
    shapeOffsets[row + 1] = shapeOffsets[row] + slot.shape.length;
  });
  const names = tensors.map((slot) => slot.name);
  const trainable = tensors.map((slot) => slot.trainable);
  return {
    layout,
    batch: (step, epoch, parameters) =>
      table.batch(
        {
          step,
          epoch,
          tensor: names,
          shape: { values: dimensions, offsets: shapeOffsets },
          trainable,
          values: { values: parameters, offsets },
        },
        tensors.length,
      ),
  };
}

/**
 * Reads a snapshot's batch; `source` is what messages call it. The network comes from the schema's metadata. Errors:
 * NO_NETWORK without it, EMPTY_SNAPSHOT for a batch without rows, MISSING_WEIGHT, WEIGHT_SHAPE, EXTRA_WEIGHT when the
 * tensors are not the network's.
 */
export function readSnapshot(batch: RecordBatch, source: string): Snapshot {
  const { step, epoch, network, tensors } = readTensors(batch, source);
  const parameters = parametersFrom(network, tensors, { file: source });
  const loss = lossOfSchema(batch.schema);
  return { step, epoch, network, parameters, ...(loss === undefined ? {} : { loss }) };
}

/** The same as named tensors, views of the batch, without fitting them to the network. */
export function readTensors(
  batch: RecordBatch,
  source: string,
): {
  readonly step: number;
  readonly epoch: number;
  readonly network: Network;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
} {
  const json = batch.schema.metadata.get("network");
  if (json === undefined) throw dataErrors.noNetwork(source);
  if (batch.numRows === 0) throw dataErrors.emptySnapshot(source);
  const network = parseNetwork(JSON.parse(json), `${source} (metadata "network")`);
  const { step, epoch, tensor, shape, values } = parametersTable(network).read(batch);
  const tensors = new Map<string, NamedTensor>();
  tensor.forEach((name, row) => {
    tensors.set(name, {
      name,
      shape: Array.from(shape.values.subarray(shape.offsets[row], shape.offsets[row + 1])),
      values: values.values.subarray(values.offsets[row], values.offsets[row + 1]),
    });
  });
  return { step: Number(step[0]), epoch: epoch[0], network, tensors };
}
