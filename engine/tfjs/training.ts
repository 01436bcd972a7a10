import * as tf from "@tensorflow/tfjs-core";
import type { Loss, Optimizer } from "../engine.js";
import { lossOf } from "../network/loss.js";
import { inputBlock, type Program } from "./program.js";
import { columnsOf, gradients } from "./sites.js";
import { type BatchStatistics, type Normalization, record } from "./tape.js";

/** Keras's default weight of the old moving statistics. */
const defaultMomentum = 0.99;

/** Optimiser state on the backend: first and second moments of each trainable tensor. */
interface Moments {
  first: tf.Tensor | undefined;
  second: tf.Tensor | undefined;
}

/**
 * Gradient descent on one program. Loss and gradient are of the batch mean (design §2); update rules are those of
 * `Optimizer`. Moving statistics take the batch's biased variance, as Keras does.
 */
export class TrainingProgram {
  readonly #program: Program;
  readonly #loss: Loss;
  readonly #optimizer: Optimizer;
  readonly #features: Float32Array;
  readonly #labels: Int32Array;
  readonly #moments = new Map<string, Moments>();
  #steps = 0;

  constructor(
    program: Program,
    loss: Loss,
    optimizer: Optimizer,
    features: Float32Array,
    labels: Int32Array,
  ) {
    this.#program = program;
    this.#loss = loss;
    this.#optimizer = optimizer;
    this.#features = features;
    this.#labels = labels;
  }

  /** One step; returns the batch's mean loss before it, float64. */
  step(indices: Int32Array, learningRate: number, normalization: Normalization): number {
    const { shaped, weights } = this.#program;
    const { features: dimension, outputs } = shaped;
    const batch = new Float32Array(indices.length * dimension);
    const labels = new Int32Array(indices.length);
    indices.forEach((index, row) => {
      batch.set(this.#features.subarray(index * dimension, (index + 1) * dimension), row * dimension);
      labels[row] = this.#labels[index]!;
    });
    this.#steps += 1;
    return tf.tidy(() => {
      const matrix = { rows: indices.length, columns: dimension, values: batch };
      const input = inputBlock(this.#program, matrix, 0, indices.length);
      const tape = record(shaped.layers, input, weights, normalization);
      const { loss, gradient } = lossOf(this.#loss, tape.output.dataSync<"float32">(), labels, outputs);
      const sites = tape.backward(tf.tensor2d(gradient, [indices.length, outputs]), 1);
      for (const site of sites) {
        const columns = columnsOf(site, this.#program.layout);
        const { first, second } = gradients(site);
        this.#update(columns.first.name, first, learningRate);
        if (columns.second !== undefined && second !== undefined) {
          this.#update(columns.second.name, second, learningRate);
        }
      }
      for (const statistics of tape.statistics) this.#move(statistics);
      return loss;
    });
  }

  close(): void {
    for (const { first, second } of this.#moments.values()) {
      first?.dispose();
      second?.dispose();
    }
    this.#moments.clear();
  }

  #update(name: string, gradient: tf.Tensor, learningRate: number): void {
    const { weights } = this.#program;
    weights.set(name, tf.sub(weights.get(name), this.#direction(name, gradient, learningRate)));
  }

  #direction(name: string, gradient: tf.Tensor, learningRate: number): tf.Tensor {
    const optimizer = this.#optimizer;
    const moments = this.#moments.get(name) ?? { first: undefined, second: undefined };
    this.#moments.set(name, moments);
    switch (optimizer.kind) {
      case "gd":
      case "sgd":
        return tf.mul(gradient, learningRate);
      case "momentum": {
        moments.first = moved(moments.first, gradient, optimizer.momentum, 1);
        return tf.mul(moments.first, learningRate);
      }
      case "adam": {
        const { beta1, beta2, epsilon } = optimizer;
        moments.first = moved(moments.first, gradient, beta1, 1 - beta1);
        moments.second = moved(moments.second, tf.square(gradient), beta2, 1 - beta2);
        const rate = learningRate / (1 - beta1 ** this.#steps);
        const root = tf.sqrt(tf.mul(moments.second, 1 / (1 - beta2 ** this.#steps)));
        return tf.div(tf.mul(moments.first, rate), tf.add(root, epsilon));
      }
    }
  }

  #move({ layer, mean, variance }: BatchStatistics): void {
    const { weights } = this.#program;
    const { name, momentum = defaultMomentum } = layer.layer;
    const parts = { movingMean: mean, movingVariance: variance };
    for (const [part, value] of Object.entries(parts)) {
      const old = weights.get(`${name}/${part}`);
      weights.set(`${name}/${part}`, tf.add(tf.mul(old, momentum), tf.mul(value, 1 - momentum)));
    }
  }
}

/** keep · old + add · value, kept in place of old. */
function moved(old: tf.Tensor | undefined, value: tf.Tensor, keep: number, add: number): tf.Tensor {
  const share = tf.mul(value, add);
  const result = tf.keep(old === undefined ? share : tf.add(tf.mul(old, keep), share));
  old?.dispose();
  return result;
}
