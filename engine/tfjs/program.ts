import * as tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../engine.js";
import { type ParameterLayout, parameterLayout } from "../network/layout.js";
import type { Network } from "../network/network.js";
import { elements, inferShapes, type ShapedLayer, type ShapedNetwork } from "../network/shapes.js";
import type { Site } from "./sites.js";
import { record, type Tape } from "./tape.js";
import { Weights } from "./weights.js";

/** Told after every block; throws to stop the work. */
export type Checkpoint = (examplesDone: number) => void;

/** A network with parameters on this thread's backend. */
export interface Program {
  readonly shaped: ShapedNetwork;
  readonly layout: ParameterLayout;
  readonly weights: Weights;
  /** Examples whose rows of J are made together. */
  readonly blockExamples: number;
  /** Examples whose gradients are made together. */
  readonly gradientExamples: number;
}

/** Values of the widest layer's cotangents that a block may hold, 4 bytes each: 64 MB. */
const blockValues = 16_000_000;
/** Values of the rows that a block may hold: 256 MB. */
const rowValues = 64_000_000;
/** Values of all layers' outputs that a block may hold: 64 MB, a few times that with the tensors between layers. */
const outputValues = 16_000_000;
/** Rows of J that make a thin product worth while (design §5). */
const thinRows = 64;

/**
 * Puts a network's parameters (flat, layout order, totalCount long) on the backend. Free them with `weights.close()`.
 * Throws what `inferShapes` throws.
 */
export function createProgram(network: Network, parameters: Float32Array): Program {
  const shaped = inferShapes(network);
  const layout = parameterLayout(network);
  const outputs = valuesOf(shaped.layers);
  return {
    shaped,
    layout,
    weights: new Weights(layout, parameters),
    blockExamples: rowExamples(shaped, layout),
    gradientExamples: Math.max(1, Math.floor(outputValues / outputs)),
  };
}

/**
 * Networks of dense layers alone never form rows in a sweep, so their blocks are large; others take the fewest
 * examples that fill a thin product, fewer still when their rows would not fit.
 */
function rowExamples(shaped: ShapedNetwork, layout: ParameterLayout): number {
  if (shaped.layers.every(isPointwise)) {
    const widest = Math.max(shaped.features, ...shaped.layers.map(({ output }) => elements(output)));
    return Math.max(1, Math.min(1024, Math.floor(blockValues / (widest * shaped.outputs))));
  }
  const fitting = Math.floor(rowValues / (shaped.outputs * Math.max(1, layout.trainableCount)));
  return Math.max(1, Math.min(Math.ceil(thinRows / shaped.outputs), fitting));
}

function isPointwise(layer: ShapedLayer): boolean {
  return layer.type === "dense" || layer.type === "flatten" || layer.type === "activation";
}

/** Values that all layers together give for one example. */
function valuesOf(layers: readonly ShapedLayer[]): number {
  return layers.reduce((sum, layer) => {
    const inner = layer.type === "residual" ? valuesOf(layer.main) + valuesOf(layer.shortcut) : 0;
    return sum + elements(layer.output) + inner;
  }, 0);
}

/** Examples `first` … `first + count − 1` as a tensor of the network's input shape. */
export function inputBlock(shaped: ShapedNetwork, features: Matrix, first: number, count: number): tf.Tensor {
  const { columns } = features;
  const values = features.values.slice(first * columns, (first + count) * columns);
  return tf.tensor(values, [count, ...shaped.input]);
}

/** Calls `visit` with n examples in order, `together` at a time, each time inside a tidy scope of its own. */
export function forEachBlock(
  n: number,
  together: number,
  checkpoint: Checkpoint,
  visit: (first: number, count: number) => void,
): void {
  for (let first = 0; first < n; first += together) {
    const count = Math.min(together, n - first);
    tf.tidy(() => visit(first, count));
    checkpoint(first + count);
  }
}

/** f(x; w), batch normalisation at its moving statistics: n × K, shared memory. */
export function forward(program: Program, features: Matrix, checkpoint: Checkpoint): Float32Array {
  const { outputs } = program.shaped;
  const result = new Float32Array(new SharedArrayBuffer(features.rows * outputs * 4));
  forEachBlock(features.rows, program.blockExamples, checkpoint, (first, count) => {
    const { output } = recordBlock(program, features, first, count);
    result.set(output.dataSync<"float32">(), first * outputs);
  });
  return result;
}

/**
 * Forward pass of a block of examples, then one backward pass with all K unit cotangents of every example at once: the
 * sites hold rows i · K + k. Batch normalisation at its moving statistics. Call inside `tf.tidy`.
 */
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
  return record(shaped.layers, inputBlock(shaped, features, first, count), weights, "moving");
}
