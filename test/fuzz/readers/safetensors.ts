import { Table } from "apache-arrow";
import { parameterLayout } from "../../../engine/network/layout.js";
import { parseNetwork } from "../../../engine/network/parse.js";
import { writeSafetensors } from "../../../engine/network/safetensors.js";
import { pretrained } from "../../../stages/network/pretrained.js";
import { readSnapshot } from "../../../stages/snapshot.js";
import { examplesBatch } from "../../support/examples.js";
import { checkStage, runStage } from "../../support/stage.js";
import { mutated, pick } from "../mutate.js";
import type { Reader } from "../reader.js";
import { type Sample, textOf, utf8 } from "../sample.js";
import { mutatedData } from "../structure.js";

const network = {
  input: [4, 4, 2],
  layers: [
    { type: "conv2d", name: "conv", filters: 3, kernelSize: 3, padding: "same", strides: 2 },
    { type: "batchNormalization", name: "norm" },
    { type: "residual", name: "block", main: [{ type: "activation", activation: "tanh" }], shortcut: [] },
    { type: "globalAveragePooling2d" },
    { type: "dense", name: "head", units: 3, scale: 0.5 },
  ],
};

const weights = writeSafetensors(
  parameterLayout(parseNetwork(network)).tensors.map(({ name, shape, size }) => ({
    name,
    shape,
    values: Float32Array.from({ length: size }, (_, at) =>
      name.endsWith("Variance") ? 1 + at : Math.sin(at + 1),
    ),
  })),
);

/** Every dtype that is read, and two that are not. */
const sizes: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2, I32: 4, I64: 8, U8: 1 };

const corpus: readonly Sample[] = [
  { "network.json": utf8(JSON.stringify(network)), "weights.safetensors": weights },
];

const options = { network: "network.json", weights: "weights.safetensors" };
const examples = [examplesBatch({ train: [0, 1, 2], classes: ["a", "b", "c"], shape: [4, 4, 2] })];

/** Runs network/pretrained. Weights that are no numbers must not be taken. */
async function readPretrained(folder: string): Promise<string | undefined> {
  const [found] = await checkStage(pretrained, options, folder);
  const { batches, error } = await runStage(pretrained, { options, folder, inputs: { examples } });
  if (error !== undefined) throw error;
  if (found !== undefined) return `its check refuses what it takes (${found.message})`;
  const { parameters } = readSnapshot(new Table(batches.snapshots).batches[0], "fuzz");
  const odd = parameters.find((value) => !Number.isFinite(value));
  return odd === undefined ? undefined : `a parameter is ${odd}`;
}

/** Weight files: bytes, and the JSON of the header with its length made right. */
export const safetensorsReader: Reader = {
  name: "safetensors",
  corpus: async () => corpus,
  mutate: (sample, random) => {
    const bytes = sample["weights.safetensors"];
    const how = random.integer(3);
    if (how === 0) return { ...sample, "weights.safetensors": mutated(bytes, random, [bytes]) };
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(textOf(bytes.subarray(8, 8 + length)));
    if (how === 1)
      return {
        ...sample,
        "weights.safetensors": withHeader(mutatedData(header, random), bytes.subarray(8 + length)),
      };
    // One tensor in another dtype, the offsets of those after it moved: whole, but maybe not fit for a weight.
    const dtype = pick(random, Object.keys(sizes));
    const changed = pick(random, Object.keys(header));
    let end = 0;
    const parts: Uint8Array[] = [];
    for (const [name, entry] of Object.entries<{ dtype: string; shape: number[]; data_offsets: number[] }>(
      header,
    )) {
      if (name === changed) entry.dtype = dtype;
      const size = entry.shape.reduce((product, side) => product * side, sizes[entry.dtype]);
      const part = Uint8Array.from({ length: size }, () => random.integer(256));
      parts.push(
        name === changed
          ? part
          : bytes.subarray(8 + length + entry.data_offsets[0], 8 + length + entry.data_offsets[1]),
      );
      entry.data_offsets = [end, end + size];
      end += size;
    }
    return { ...sample, "weights.safetensors": withHeader(header, Buffer.concat(parts)) };
  },
  read: readPretrained,
};

function withHeader(header: unknown, data: Uint8Array): Uint8Array {
  const text = utf8(JSON.stringify(header) ?? "");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** Networks as data, beside weights that fit the unchanged one. */
export const networkReader: Reader = {
  name: "network.json",
  corpus: async () => corpus,
  mutate: (sample, random) => {
    const bytes = sample["network.json"];
    const changed =
      random.integer(4) === 0
        ? mutated(bytes, random, [bytes])
        : utf8(JSON.stringify(mutatedData(JSON.parse(textOf(bytes)), random)) ?? "");
    return { ...sample, "network.json": changed };
  },
  read: readPretrained,
};
