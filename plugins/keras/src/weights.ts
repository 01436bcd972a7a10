import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type NamedTensor, regularFileSize } from "jacoflow";
import { kerasErrors, shown } from "./errors.js";
import { isRecord } from "./model.js";

/** What Keras calls the tensors of a layer, and what they are called here. */
const parts: Readonly<Record<string, string>> = {
  kernel: "kernel",
  bias: "bias",
  gamma: "gamma",
  beta: "beta",
  moving_mean: "movingMean",
  moving_variance: "movingVariance",
};

const bytesOf: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  uint32: 4,
  bool: 1,
  uint8: 1,
  complex64: 8,
};

interface Specification {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly size: number;
}

/**
 * The tensors of a model.json's `weightsManifest`, from the files beside it, by their names here: `layer/kernel`.
 * Tensors of other layers than these (the optimizer's, a random generator's) are passed over. Errors: KERAS_FORMAT,
 * KERAS_SHARD_PATH, KERAS_SHARD_BYTES, KERAS_WEIGHT (quantised, or not of float32), KERAS_UNREADABLE.
 */
export async function readWeights(
  manifest: unknown,
  file: string,
  layers: ReadonlyMap<string, unknown>,
): Promise<ReadonlyMap<string, NamedTensor>> {
  if (!Array.isArray(manifest)) throw kerasErrors.format(file, "there is no weightsManifest");
  const tensors = new Map<string, NamedTensor>();
  for (const group of manifest) {
    if (!isRecord(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights)) {
      throw kerasErrors.format(file, "its weightsManifest is no list of { paths, weights }");
    }
    const specifications = group.weights.map((entry) => specification(entry, file));
    const paths = group.paths.map((path) => shardPath(path, file));
    const shards = await Promise.all(
      paths.map((path) =>
        readRegularFile(path).catch((cause: unknown) => {
          throw kerasErrors.unreadable(file, cause, path);
        }),
      ),
    );
    const bytes = Uint8Array.from(Buffer.concat(shards));
    let offset = 0;
    const wanted = specifications.reduce((sum, { dtype, size }) => sum + bytesOf[dtype] * size, 0);
    if (wanted !== bytes.length) throw kerasErrors.shardBytes(file, bytes.length, wanted);
    for (const { name, shape, dtype, size } of specifications) {
      const from = offset;
      offset += bytesOf[dtype] * size;
      const own = ownName(name, layers);
      if (own === undefined) continue;
      if (dtype !== "float32") throw kerasErrors.weight(file, name, `it is of ${dtype}`, dtype);
      const values = new Float32Array(bytes.buffer.slice(from, offset));
      tensors.set(own, { name: own, shape, values });
    }
  }
  return tensors;
}

/** The bytes of a file; a pipe or device would be read for ever. */
export async function readRegularFile(path: string): Promise<Buffer> {
  await regularFileSize(path);
  return readFile(path);
}

/** Only bare names: a path could name any file of the machine. */
function shardPath(path: unknown, file: string): string {
  if (typeof path !== "string" || !/^[^/\\:\0]+$/.test(path) || /^\.+$/.test(path)) {
    throw kerasErrors.shardPath(file, path);
  }
  return join(dirname(file), path);
}

function specification(entry: unknown, file: string): Specification {
  if (!isRecord(entry) || typeof entry.name !== "string" || !Array.isArray(entry.shape)) {
    throw kerasErrors.format(file, "a tensor of its weightsManifest has no name or no shape", entry);
  }
  const { name, shape, dtype } = entry;
  if (entry.quantization !== undefined && entry.quantization !== null) {
    throw kerasErrors.weight(file, name, "it is quantised", entry.quantization);
  }
  if (typeof dtype !== "string" || !Object.hasOwn(bytesOf, dtype)) {
    throw kerasErrors.weight(file, name, `it is of ${shown(dtype)}`, dtype);
  }
  if (!shape.every((side) => Number.isSafeInteger(side) && side >= 0)) {
    throw kerasErrors.weight(file, name, `its shape is ${JSON.stringify(shape)}`, shape);
  }
  return { name, shape, dtype, size: shape.reduce((product: number, side: number) => product * side, 1) };
}

/** `model/conv1/kernel:0` is `conv1/kernel` where conv1 is a layer; undefined for a tensor of no layer. */
function ownName(name: string, layers: ReadonlyMap<string, unknown>): string | undefined {
  const words = name.replace(/:\d+$/, "").split("/");
  const part = words.pop() ?? "";
  const layer = [words.join("/"), words.at(-1) ?? ""].find((candidate) => layers.has(candidate));
  return layer === undefined ? undefined : `${layer}/${Object.hasOwn(parts, part) ? parts[part] : part}`;
}
