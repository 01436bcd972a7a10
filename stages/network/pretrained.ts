import { readFile } from "node:fs/promises";
import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import type { Network } from "../../engine/network/network.js";
import { parseNetwork } from "../../engine/network/parse.js";
import { type NamedTensor, readSafetensors } from "../../engine/network/safetensors.js";
import { inferShapes } from "../../engine/network/shapes.js";
import {
  parametersFrom,
  parametersWithNewHead,
  refuseIntegers,
  refuseNonFinite,
} from "../../engine/network/weights.js";
import {
  defineStage,
  type InputStream,
  noAdditions,
  optional,
  output,
  stream,
  whole,
} from "../../pipeline/stage.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { checkClasses, type ExampleSet, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { regularFileSize } from "../regularFile.js";
import { readTensors, snapshotWriter } from "../snapshot.js";
import {
  type AddedNetworks,
  checkInput,
  type Description,
  describedByOptions,
  descriptionOptions,
  descriptionVariants,
  readDescription,
} from "./description.js";
import { headOf, withOutputs } from "./head.js";
import { planSnapshot } from "./plan.js";
import { freshParameters } from "./start.js";

const ownOptions = {
  weights: Type.Optional(
    Type.String({
      description:
        "safetensors file with the tensors layer/kernel (HWIO or in × out), layer/bias, … of the architecture or network; left out when another stage's snapshots are wired in",
    }),
  ),
};

/** A network and named tensors for it, with the K they were trained for. */
interface Origin {
  readonly network: Network;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** What messages call it. */
  readonly name: string;
}

/** The stage, with the architectures of plugins. */
export const networkPretrained = (added: AddedNetworks) =>
  defineStage({
    name: "network/pretrained",
    summary: "Starts from trained weights: a safetensors file, or the last snapshot of another stage",
    options: Type.Object({ ...descriptionOptions(added), ...ownOptions }, { additionalProperties: false }),
    variants: descriptionVariants(added, ownOptions),
    inputs: {
      examples: whole("examples", "examples the network is for: their shape and their classes"),
      snapshots: optional(stream("parameters", "snapshots of another stage, the last of which is taken")),
    },
    outputs: {
      snapshots: output(
        "parameters",
        "one snapshot, at step 0; the head made anew when the number of classes differs",
      ),
    },
    checkOptions: ({ options, place }) => {
      const description = describedByOptions(options, `${place}.with`, added);
      if (options.weights !== undefined && description === undefined) throw unnamedNetwork(`${place}.with`);
      if (options.weights !== undefined || description === undefined) return;
      throw dataErrors.option(
        `${place}.with.weights`,
        "a network without weights",
        "Give the path of a safetensors file, or use network/init.",
      );
    },
    check: async ({ options, place, resolvePath }) => {
      const description = await readDescription(options, `${place}.with`, resolvePath, added);
      if (options.weights === undefined || description === undefined) return;
      const tensors = await readWeights(resolvePath(options.weights), `${place}.with.weights`);
      if (description.kind === "network") {
        parametersFrom(description.network, tensors, { file: resolvePath(options.weights) });
      }
    },
    plan: async (options, context) => {
      const trained = context.inputs.snapshots?.network;
      if (trained !== undefined) {
        return planSnapshot(options, context, added, parseNetwork(trained, "network"));
      }
      const { place, resolvePath } = context;
      const description = await readDescription(options, `${place}.with`, resolvePath, added);
      const given = description?.kind === "network" ? description.network : undefined;
      return planSnapshot(options, context, added, given);
    },
    run: async (inputs, outputs, context) => {
      const { options, stage } = context;
      const place = `stages.${stage}.with`;
      const set = readExamples(inputs.examples.table);
      const description = await readDescription(options, place, context.resolvePath, added);
      let origin: Origin;
      if (inputs.snapshots !== undefined) {
        if (description !== undefined || options.weights !== undefined) {
          throw dataErrors.option(
            place,
            `the snapshots of ${inputs.snapshots.origin.stage} are wired in, and the options give a network too`,
            "Remove architecture, network and weights, or the snapshots from `from`.",
          );
        }
        origin = await lastSnapshot(inputs.snapshots);
      } else {
        if (description === undefined || options.weights === undefined) throw unnamedNetwork(place);
        const file = context.resolvePath(options.weights);
        const tensors = await readWeights(file, `${place}.weights`);
        origin = { network: fitted(description, set, tensors), tensors, name: file };
      }
      checkInput(origin.network, set.shape, `${place}.network`);
      const source = { file: origin.name };
      let { network } = origin;
      let parameters = parametersFrom(network, origin.tensors, source);
      const outputCount = set.classes?.length ?? inferShapes(network).outputs;
      if (outputCount !== inferShapes(network).outputs) {
        network = withOutputs(network, outputCount, `${place}.network`);
        context.log("info", `layer ${headOf(network)?.name} is made anew for ${outputCount} classes`);
        const fresh = freshParameters(network, options, context.seed("head"));
        parameters = parametersWithNewHead(network, origin.tensors, fresh, source);
      }
      checkClasses(set, outputCount, `${place}.network`);
      await outputs.snapshots.send(snapshotWriter(network).batch(0, 0, parameters));
    },
  });

export const pretrained = networkPretrained(noAdditions);

function unnamedNetwork(place: string) {
  return dataErrors.option(
    place,
    "it is not said which network to start from",
    "Give weights with an architecture or a network, or wire another stage's snapshots in with `from`.",
  );
}

/** A described network as it is; an architecture with as many outputs as the weights' head has. */
function fitted(
  description: Description,
  { shape }: ExampleSet,
  tensors: ReadonlyMap<string, NamedTensor>,
): Network {
  if (description.kind === "network") return description.network;
  const head = headOf(description.expand(shape, 1))?.name;
  return description.expand(shape, tensors.get(`${head}/kernel`)?.shape.at(-1) ?? 1);
}

async function readWeights(file: string, place: string): Promise<ReadonlyMap<string, NamedTensor>> {
  let bytes: Uint8Array;
  try {
    await regularFileSize(file);
    bytes = await readFile(file);
  } catch (error) {
    throw dataErrors.unreadable(file, error, place);
  }
  const tensors = readSafetensors(bytes, file);
  refuseIntegers(tensors, { file });
  refuseNonFinite(tensors, { file });
  return tensors;
}

async function lastSnapshot(snapshots: InputStream): Promise<Origin> {
  const name = nameOf(snapshots);
  let last: RecordBatch | undefined;
  await snapshots.forEach((batch) => {
    last = batch;
  });
  if (last === undefined) throw dataErrors.noSnapshot(name);
  const { network, tensors } = readTensors(last, name);
  return { network, tensors, name };
}
