import * as tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../engine.js";
import { type ParameterLayout, parameterLayout } from "../network/layout.js";
import type { Network } from "../network/network.js";
import { elements, inferShapes, type ShapedLayer, type ShapedNetwork } from "../network/shapes.js";
import { summedExamples } from "./convolution.js";
import type { Site } from "./sites.js";
import { record, type Tape } from "./tape.js";
import { Weights } from "./weights.js";

/** How a call goes on, and whether it should. */
export interface Watch {
  /** Throws when the caller wants no result any more. Asked often: no work between two times takes a second. */
  check(): void;
  /** Told after every block of examples, each time more of them; throws like `check`. */
  report(examplesDone: number): void;
}

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

/** Values of the layers' outputs and their cotangents that a block of rows may have, 4 bytes each: 64 MB. */
const blockValues = 16_000_000;
/** Values of all layers' outputs that a block of gradients may have: 64 MB. */
const outputValues = 16_000_000;
/** Beyond this, more examples make no product faster. */
const mostExamples = 512;

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
    blockExamples: examplesWithin(blockValues, outputs * (1 + shaped.outputs)),
    gradientExamples: Math.min(
      examplesWithin(outputValues, outputs),
      hasConvolution(shaped.layers) ? summedExamples : mostExamples,
    ),
  };
}

function examplesWithin(values: number, valuesOfExample: number): number {
  return Math.max(1, Math.min(mostExamples, Math.floor(values / valuesOfExample)));
}

function hasConvolution(layers: readonly ShapedLayer[]): boolean {
  return layers.some((layer) =>
    layer.type === "residual" ? hasConvolution([...layer.main, ...layer.shortcut]) : layer.type === "conv2d",
  );
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
  watch: Watch,
  visit: (first: number, count: number) => void,
): void {
  for (let first = 0; first < n; first += together) {
    const count = Math.min(together, n - first);
    tf.tidy(() => visit(first, count));
    watch.report(first + count);
  }
}

/** f(x; w), batch normalisation at its moving statistics: n × K, shared memory. */
export function forward(program: Program, features: Matrix, watch: Watch): Float32Array {
  const { outputs } = program.shaped;
  const result = new Float32Array(new SharedArrayBuffer(features.rows * outputs * 4));
  forEachBlock(features.rows, program.blockExamples, watch, (first, count) => {
    const { output } = recordBlock(program, features, first, count);
    result.set(output.dataSync<"float32">(), first * outputs);
  });
  return result;
}

/**
 * Forward pass of a block of examples, then one backward pass with all K unit cotangents of every example at once,
 * showing the sites to `visit`: their cotangents are rows i · K + k. Batch normalisation at its moving statistics. Call
 * inside `tf.tidy`.
 */
export function visitJacobian(
  program: Program,
  features: Matrix,
  first: number,
  count: number,
  visit: (site: Site) => void,
): void {
  const { outputs } = program.shaped;
  const tape = recordBlock(program, features, first, count);
  const cotangent = tf.tile(tf.eye(outputs), [count, 1]) as tf.Tensor2D;
  tape.backward(cotangent, outputs, visit);
}

function recordBlock(program: Program, features: Matrix, first: number, count: number): Tape {
  const { shaped, weights } = program;
  return record(shaped.layers, inputBlock(shaped, features, first, count), weights, "moving");
}
