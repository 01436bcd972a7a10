import type { Matrix, Model } from "../../engine/engine.js";
import type { Network } from "../../engine/network/network.js";
import { referenceModel } from "../../engine/network/reference/reference.js";
import { startAlgebraWorker } from "../../engine/spectrum/algebraWorker.js";
import type { TensorflowBackend } from "../../engine/tfjs/backend.js";
import { createTensorflowEngine, type TensorflowEngine } from "../../engine/tfjs/engine.js";
import { isLibraryEngine, prepareLibrary, whyNoLibrary } from "../../engine/tfjs/library.js";
import type { JacoflowError } from "../../schemas/errors/error.js";
import type { RandomCase } from "./randomNetworks.js";

/** A TensorFlow.js engine with an algebra thread of its own; close it at the end of the suite. */
export async function startTensorflow(backend: TensorflowBackend): Promise<TensorflowEngine> {
  if (isLibraryEngine(backend)) prepareLibrary(undefined);
  return createTensorflowEngine({ backend, algebra: await startAlgebraWorker() });
}

/**
 * The backends of TensorFlow.js that a suite is to run on: wasm always, tensorflow where its package is. Says on the
 * console why the other is left out.
 */
export function backendsHere(): readonly TensorflowBackend[] {
  const reason = whyNoLibrary("tensorflow");
  if (reason === undefined) return ["wasm", "tensorflow"];
  process.stdout.write(`skipped on tensorflow: ${reason}\n`);
  return ["wasm"];
}

/** Opens a model with parameters, hands it to `use` and closes it. */
export async function withModel<Result>(
  engine: TensorflowEngine,
  network: Network,
  parameters: Float32Array,
  use: (model: Model) => Promise<Result>,
): Promise<Result> {
  const model = await engine.open(network);
  try {
    await model.load(parameters);
    return await use(model);
  } finally {
    await model.close();
  }
}

/** The error a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<JacoflowError> {
  return promise.then(
    () => {
      throw new Error("it should have failed");
    },
    (error: JacoflowError) => error,
  );
}

/** The examples of a random case. */
export function featuresOf({ features, examples }: RandomCase): Matrix {
  return { rows: examples, columns: features.length / examples, values: features };
}

/** Outputs (n × K) and rows of J (nK × p) of the float64 reference. */
export function referenceOf(network: Network, parameters: Float32Array, features: Matrix) {
  const reference = referenceModel(network);
  reference.load(parameters);
  const { outputs, layout } = reference;
  const columns = layout.trainableCount;
  const values = new Float64Array(features.rows * outputs * columns);
  const logits = new Float64Array(features.rows * outputs);
  for (let example = 0; example < features.rows; example += 1) {
    const first = example * outputs;
    const numbers = features.values.subarray(example * features.columns, (example + 1) * features.columns);
    logits.set(reference.rows(numbers, values.subarray(first * columns, (first + outputs) * columns)), first);
  }
  return { outputs, columns, logits, rows: values };
}

/** The largest difference, as a share of the largest wanted number (or of `floor`, if that is larger). */
export function worst(found: ArrayLike<number>, wanted: ArrayLike<number>, floor = 0): number {
  if (found.length !== wanted.length) throw new Error(`${found.length} numbers, not ${wanted.length}`);
  let difference = 0;
  let largest = floor;
  for (let at = 0; at < wanted.length; at += 1) {
    const gap = Math.abs(found[at] - wanted[at]);
    difference = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : Math.max(difference, gap);
    largest = Math.max(largest, Math.abs(wanted[at]));
  }
  return difference === 0 ? 0 : difference / largest;
}

/** JQ, Jᵀ(JQ), JJᵀ and squared row norms of rows m × p and a block p × b, all float64. */
export function productsOf(rows: ArrayLike<number>, columns: number, block: Matrix) {
  const count = rows.length / columns;
  const width = block.columns;
  const product = new Float64Array(count * width);
  const backProduct = new Float64Array(columns * width);
  const gram = new Float64Array(count * count);
  const norms = new Float64Array(count);
  for (let row = 0; row < count; row += 1) {
    for (let other = 0; other <= row; other += 1) {
      let sum = 0;
      for (let at = 0; at < columns; at += 1) sum += rows[row * columns + at] * rows[other * columns + at];
      gram[row * count + other] = sum;
      gram[other * count + row] = sum;
    }
    norms[row] = gram[row * count + row];
    for (let at = 0; at < columns; at += 1) {
      const value = rows[row * columns + at];
      for (let c = 0; c < width; c += 1) product[row * width + c] += value * block.values[at * width + c];
    }
  }
  for (let row = 0; row < count; row += 1) {
    for (let at = 0; at < columns; at += 1) {
      const value = rows[row * columns + at];
      for (let c = 0; c < width; c += 1) backProduct[at * width + c] += value * product[row * width + c];
    }
  }
  return { product, backProduct, gram, norms };
}
