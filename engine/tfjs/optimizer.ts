import * as tf from "@tensorflow/tfjs-core";
import { momentsKept, type Optimizer } from "../engine.js";
import type { ParameterLayout } from "../network/layout.js";

/** What `TrainingState.moments` holds, in order. */
const momentNames = ["first", "second"] as const;

/**
 * The update rules of `Optimizer` and their state on the backend. gd, sgd: ηg. Momentum: m ← μm + g, ηm. Adam: bias-
 * corrected first and second moments m̂, v̂, η m̂ / (√v̂ + ε).
 */
export class OptimizerState {
  readonly #rule: Optimizer;
  readonly #averages = new Map<string, tf.Tensor>();
  #steps = 0;

  constructor(rule: Optimizer) {
    this.#rule = rule;
  }

  get steps(): number {
    return this.#steps;
  }

  /** `TrainingState.moments`: 0 before the first step, and where a tensor is not trained. */
  moments(layout: ParameterLayout): readonly Float32Array[] {
    return momentNames.slice(0, momentsKept[this.#rule.kind]).map((moment) => {
      const values = new Float32Array(layout.trainableCount);
      for (const { name, offset, trainable } of layout.tensors) {
        const average = trainable ? this.#averages.get(`${name} ${moment}`) : undefined;
        if (average !== undefined) values.set(average.dataSync<"float32">(), offset);
      }
      return values;
    });
  }

  /** Goes on after `steps` steps that left these moments. */
  restore(steps: number, moments: readonly Float32Array[], layout: ParameterLayout): void {
    this.close();
    this.#steps = steps;
    for (const [index, values] of moments.entries()) {
      for (const { name, shape, offset, size, trainable } of layout.tensors) {
        if (!trainable) continue;
        const average = tf.tensor(values.slice(offset, offset + size), [...shape]);
        this.#averages.set(`${name} ${momentNames[index]}`, average);
      }
    }
  }

  /** Starts a step; each tensor has its turn once before the next. */
  begin(): void {
    this.#steps += 1;
  }

  /** What the step takes away from tensor `name`. Call inside `tf.tidy`. */
  move(name: string, gradient: tf.Tensor, learningRate: number): tf.Tensor {
    const rule = this.#rule;
    switch (rule.kind) {
      case "gd":
      case "sgd":
        return tf.mul(gradient, learningRate);
      case "momentum":
        return tf.mul(this.#average(`${name} first`, rule.momentum, gradient, 1), learningRate);
      case "adam": {
        const { beta1, beta2, epsilon } = rule;
        const first = this.#average(`${name} first`, beta1, gradient, 1 - beta1);
        const second = this.#average(`${name} second`, beta2, tf.square(gradient), 1 - beta2);
        const rate = learningRate / (1 - beta1 ** this.#steps);
        const root = tf.sqrt(tf.mul(second, 1 / (1 - beta2 ** this.#steps)));
        return tf.div(tf.mul(first, rate), tf.add(root, epsilon));
      }
    }
  }

  close(): void {
    for (const average of this.#averages.values()) average.dispose();
    this.#averages.clear();
  }

  /** keep · old + add · value, from an old of 0; kept in place of the old one. */
  #average(key: string, keep: number, value: tf.Tensor, add: number): tf.Tensor {
    const old = this.#averages.get(key);
    const share = tf.mul(value, add);
    const average = tf.keep(old === undefined ? share : tf.add(tf.mul(old, keep), share));
    old?.dispose();
    this.#averages.set(key, average);
    return average;
  }
}
