import * as tf from "@tensorflow/tfjs-core";
import type { Loss, Matrix, Optimizer, TrainingState } from "../engine.js";
import { lossOf } from "../network/loss.js";
import { gradients } from "./gradients.js";
import { addTo } from "./numbers.js";
import { OptimizerState } from "./optimizer.js";
import { inputBlock, type Program, type Watch } from "./program.js";
import type { BatchStatistics, Normalization } from "./rule.js";
import { record } from "./tape.js";

/** Keras's default weight of the old moving statistics. */
const defaultMomentum = 0.99;

/** What is descended, how, and on which examples. */
export interface TrainingTask {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** n × d, NHWC. */
  readonly features: Matrix;
  /** Length n, 0 … K − 1. */
  readonly labels: Int32Array;
}

/** Gradients by tensor name, each kept until it is disposed of. */
type GradientSums = Map<string, tf.Tensor>;

/**
 * Gradient descent on one program, whose weights it moves. Loss and gradient are of the batch mean (design §2); update
 * rules are those of `Optimizer`. Moving statistics take the batch's biased variance, as Keras does:
 * moving ← momentum · moving + (1 − momentum) · batch.
 */
export class TrainingProgram {
  readonly #program: Program;
  readonly #task: TrainingTask;
  readonly #optimizer: OptimizerState;

  constructor(program: Program, task: TrainingTask) {
    this.#program = program;
    this.#task = task;
    this.#optimizer = new OptimizerState(task.optimizer);
  }

  /**
   * One step on the examples at `indices` (each 0 … n − 1, at least one); returns the batch's mean loss before it,
   * float64. Large batches go through in parts whose gradients add up, unless batch statistics tie their examples.
   */
  step(indices: Int32Array, learningRate: number, normalization: Normalization, watch: Watch): number {
    const { weights } = this.#program;
    const sums: GradientSums = new Map();
    try {
      const loss = this.#descend(indices, normalization, sums, watch);
      this.#optimizer.begin();
      for (const [name, gradient] of sums) {
        tf.tidy(() => {
          weights.set(name, tf.sub(weights.get(name), this.#optimizer.move(name, gradient, learningRate)));
        });
      }
      return loss;
    } finally {
      for (const gradient of sums.values()) gradient.dispose();
    }
  }

  /** A copy of what the next step depends on. */
  state(): TrainingState {
    const { weights, layout } = this.#program;
    const { steps } = this.#optimizer;
    return { steps, parameters: weights.values(), moments: this.#optimizer.moments(layout) };
  }

  /** Goes on from a state of the same network and optimiser. */
  restore({ steps, parameters, moments }: TrainingState): void {
    this.#program.weights.load(parameters);
    this.#optimizer.restore(steps, moments, this.#program.layout);
  }

  /** Frees the optimiser's state; the program stays its owner's. */
  close(): void {
    this.#optimizer.close();
  }

  /** Adds the batch's gradient to `sums` and returns its mean loss. */
  #descend(indices: Int32Array, normalization: Normalization, sums: GradientSums, watch: Watch): number {
    const { layout, gradientExamples } = this.#program;
    const tied = normalization === "batch" && layout.tensors.some(({ name }) => name.endsWith("/movingMean"));
    const together = tied ? indices.length : gradientExamples;
    let loss = 0;
    for (let first = 0; first < indices.length; first += together) {
      const part = indices.subarray(first, first + together);
      loss += tf.tidy(() => this.#descendPart(part, indices.length, normalization, sums, watch));
    }
    return loss;
  }

  #descendPart(
    part: Int32Array,
    batchSize: number,
    normalization: Normalization,
    sums: GradientSums,
    watch: Watch,
  ): number {
    const { shaped, weights } = this.#program;
    const input = inputBlock(shaped, this.#examples(part), 0, part.length);
    const tape = record(shaped.layers, input, weights, normalization);
    const outputs = tape.output.dataSync<"float32">();
    const labels = part.map((index) => this.#task.labels[index]);
    const { loss, gradient } = lossOf(this.#task.loss, outputs, labels, shaped.outputs, batchSize);
    tape.backward(tf.tensor2d(gradient, [part.length, shaped.outputs]), 1, (site) => {
      watch.check();
      for (const [name, share] of gradients(site)) {
        sums.set(
          name,
          addTo(sums.get(name), () => share),
        );
      }
    });
    for (const statistics of tape.statistics) this.#moveStatistics(statistics);
    return loss;
  }

  #examples(indices: Int32Array): Matrix {
    const { columns, values } = this.#task.features;
    const chosen = new Float32Array(indices.length * columns);
    indices.forEach((index, row) => {
      chosen.set(values.subarray(index * columns, (index + 1) * columns), row * columns);
    });
    return { rows: indices.length, columns, values: chosen };
  }

  #moveStatistics({ layer, mean, variance }: BatchStatistics): void {
    const { weights } = this.#program;
    const { name, momentum = defaultMomentum } = layer.layer;
    const move = (tensor: string, value: tf.Tensor) =>
      weights.set(tensor, tf.add(tf.mul(weights.get(tensor), momentum), tf.mul(value, 1 - momentum)));
    move(`${name}/movingMean`, mean);
    move(`${name}/movingVariance`, variance);
  }
}
