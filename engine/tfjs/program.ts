import * as tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../engine.js";
import { type ParameterLayout, parameterLayout } from "../network/layout.js";
import type { Network } from "../network/network.js";
import { inferShapes, type ShapedLayer, type ShapedNetwork } from "../network/shapes.js";
import { record, type Site, type Tape } from "./tape.js";
import { Weights } from "./weights.js";

/** Told after every block; throws to stop the work. */
export type Checkpoint = (examplesDone: number) => void;

/** A network with parameters on this thread's backend. */
export interface Program {
  readonly shaped: ShapedNetwork;
  readonly layout: ParameterLayout;
  readonly weights: Weights;
  /** Examples that go through the network together. */
  readonly blockExamples: number;
}

/** Values that a block may hold at once, 4 bytes each: 64 MB an array of the widest layer. */
const blockValues = 16_000_000;
/** Rows of J that make a thin product worth while (design §5). */
const thinRows = 64;

export function createProgram(network: Network, parameters: Float32Array): Program {
  const shaped = inferShapes(network);
  const layout = parameterLayout(network);
  return { shaped, layout, weights: new Weights(layout, parameters), blockExamples: blockOf(shaped, layout) };
}

/**
 * Networks of dense layers alone never form rows in a sweep, so their blocks are large; others take the fewest
 * examples that fill a thin product.
 */
function blockOf(shaped: ShapedNetwork, layout: ParameterLayout): number {
  if (shaped.layers.every(isPointwise)) {
    const widest = Math.max(shaped.features, ...layout.tensors.map(({ shape }) => shape.at(-1) ?? 1));
    return Math.max(1, Math.min(1024, Math.floor(blockValues / (widest * shaped.outputs))));
  }
  return Math.max(1, Math.ceil(thinRows / shaped.outputs));
}

function isPointwise(layer: ShapedLayer): boolean {
  return layer.type === "dense" || layer.type === "flatten" || layer.type === "activation";
}

/** Examples `first` … `first + count − 1` as a tensor of the network's input shape. */
export function inputBlock(program: Program, features: Matrix, first: number, count: number): tf.Tensor {
  const { columns } = features;
  const values = features.values.slice(first * columns, (first + count) * columns);
  return tf.tensor(values, [count, ...program.shaped.input]);
}

/** Calls `visit` with each block of examples in order, inside a tidy scope of its own. */
export function forEachBlock(
  program: Program,
  n: number,
  checkpoint: Checkpoint,
  visit: (first: number, count: number) => void,
): void {
  for (let first = 0; first < n; first += program.blockExamples) {
    const count = Math.min(program.blockExamples, n - first);
    tf.tidy(() => visit(first, count));
    checkpoint(first + count);
  }
}

/** f(x; w), batch normalisation at its moving statistics: n × K. */
export function forward(program: Program, features: Matrix, checkpoint: Checkpoint): Float32Array {
  const { outputs } = program.shaped;
  const result = new Float32Array(new SharedArrayBuffer(features.rows * outputs * 4));
  forEachBlock(program, features.rows, checkpoint, (first, count) => {
    result.set(recordBlock(program, features, first, count).output.dataSync<"float32">(), first * outputs);
  });
  return result;
}

/** Forward pass of a block, then one backward pass with all K unit cotangents of every example at once. */
export function jacobianSites(
  program: Program,
  features: Matrix,
  first: number,
  count: number,
): readonly Site[] {
  const { outputs } = program.shaped;
  const tape = recordBlock(program, features, first, count);
  const cotangent = tf.tile(tf.eye(outputs), [count, 1]) as tf.Tensor2D;
  return tape.backward(cotangent, outputs);
}

function recordBlock(program: Program, features: Matrix, first: number, count: number): Tape {
  const { shaped, weights } = program;
  return record(shaped.layers, inputBlock(program, features, first, count), weights, "moving");
}
