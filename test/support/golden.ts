import { readFileSync } from "node:fs";
import type { Matrix } from "../../engine/engine.js";
import type { Network } from "../../engine/network/network.js";
import { parseNetwork } from "../../engine/network/parse.js";
import { type NamedTensor, readSafetensors } from "../../engine/network/safetensors.js";
import { parametersFrom } from "../../engine/network/weights.js";

/** The cases of test/golden, see the README there. */
export const goldenNames = [
  "one-hidden-softplus",
  "mlp-tanh",
  "cnn-pool",
  "resnet20-plain",
  "resnet20-pretrained",
] as const;

export type GoldenName = (typeof goldenNames)[number];

export interface GoldenTrainingRow {
  readonly step: number;
  readonly loss: number;
  readonly error: number;
  readonly distance: number;
}

/** Keys such as `cross-entropy/adam`. */
export type GoldenTraining = Readonly<
  Record<string, { readonly learningRate: number; readonly rows: readonly GoldenTrainingRow[] }>
>;

export interface GoldenExpected {
  readonly classes: number;
  readonly examples: number;
  readonly rows: number;
  readonly trainableParameters: number;
  readonly frobenius: number;
  readonly singularValues: readonly number[];
  readonly logits: readonly (readonly number[])[];
  readonly loss: number;
  /** projections[target][rank]. */
  readonly projections: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly information: number; readonly nuisance: number; readonly pseudoInverseNorm: number }
        >
      >
    >
  >;
}

export interface GoldenCase {
  readonly name: GoldenName;
  readonly network: Network;
  readonly tensors: ReadonlyMap<string, NamedTensor>;
  /** Flat, layout order. */
  readonly parameters: Float32Array;
  /** n × d. */
  readonly features: Matrix;
  readonly labels: Int32Array;
  readonly expected: GoldenExpected;
}

/** Path of a file of a case. */
export function goldenPath(name: GoldenName, file: string): URL {
  return new URL(`../golden/${name}/${file}`, import.meta.url);
}

/** A case with everything but its training runs. Features lie in shared memory, ready for an engine. */
export function golden(name: GoldenName): GoldenCase {
  const network = parseNetwork(readJson(name, "network.json"));
  const tensors = readSafetensors(readFileSync(goldenPath(name, "weights.safetensors")), `${name} weights`);
  const examples = readSafetensors(
    readFileSync(goldenPath(name, "examples.safetensors")),
    `${name} examples`,
  );
  const x = examples.get("x");
  const label = examples.get("label");
  if (x === undefined || !(label?.values instanceof Int32Array)) throw new Error(`${name}: no x or label`);
  const values = new Float32Array(new SharedArrayBuffer(x.values.length * 4));
  values.set(x.values);
  return {
    name,
    network,
    tensors,
    parameters: parametersFrom(network, tensors, { file: `${name}/weights.safetensors` }),
    features: { rows: x.shape[0], columns: x.values.length / x.shape[0], values },
    labels: label.values,
    expected: readJson(name, "expected.json") as GoldenExpected,
  };
}

/** The twelve-step runs of a case that has them. */
export function goldenTraining(name: GoldenName): GoldenTraining {
  return (readJson(name, "training.json") as { readonly runs: GoldenTraining }).runs;
}

/** The first `count` rows of a matrix, sharing its memory. */
export function firstRows(matrix: Matrix, count: number): Matrix {
  return {
    rows: count,
    columns: matrix.columns,
    values: matrix.values.subarray(0, count * matrix.columns),
  };
}

function readJson(name: GoldenName, file: string): unknown {
  return JSON.parse(readFileSync(goldenPath(name, file), "utf8"));
}
