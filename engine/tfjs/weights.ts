import * as tf from "@tensorflow/tfjs-core";
import type { ParameterLayout } from "../network/layout.js";
import { backwardKernel } from "./convolution.js";

/** A network's parameters as tensors on the backend. Owns them: `close` frees them all. */
export class Weights {
  readonly #layout: ParameterLayout;
  readonly #tensors = new Map<string, tf.Tensor>();
  readonly #turned = new Map<string, tf.Tensor4D>();

  /** @param parameters flat, layout order, totalCount long. */
  constructor(layout: ParameterLayout, parameters: Float32Array) {
    this.#layout = layout;
    for (const { name, shape, offset, size } of layout.tensors) {
      this.#tensors.set(name, tf.tensor(parameters.slice(offset, offset + size), [...shape]));
    }
  }

  /** The tensor `layer/kernel`, `layer/bias` …, of the shape its slot in the layout says. */
  get(name: string): tf.Tensor {
    const tensor = this.#tensors.get(name);
    if (tensor === undefined) throw new Error(`no tensor ${name} in this network`);
    return tensor;
  }

  /** The kernel that carries cotangents back through convolution `layer`, made once for each set of weights. */
  turned(layer: string): tf.Tensor4D {
    const name = `${layer}/kernel`;
    let kernel = this.#turned.get(name);
    if (kernel === undefined) {
      kernel = tf.keep(backwardKernel(this.get(name) as tf.Tensor4D));
      this.#turned.set(name, kernel);
    }
    return kernel;
  }

  /** Replaces a tensor; the new one is kept until it is replaced in turn. */
  set(name: string, tensor: tf.Tensor): void {
    this.get(name).dispose();
    this.#tensors.set(name, tf.keep(tensor));
    this.#turned.get(name)?.dispose();
    this.#turned.delete(name);
  }

  /** A flat copy in layout order, shared memory. */
  values(): Float32Array {
    const parameters = new Float32Array(new SharedArrayBuffer(this.#layout.totalCount * 4));
    for (const { name, offset } of this.#layout.tensors) {
      parameters.set(this.get(name).dataSync<"float32">(), offset);
    }
    return parameters;
  }

  /** Replaces all tensors by what a flat vector in layout order says. */
  load(parameters: Float32Array): void {
    for (const { name, shape, offset, size } of this.#layout.tensors) {
      this.set(name, tf.tensor(parameters.slice(offset, offset + size), [...shape]));
    }
  }

  close(): void {
    for (const tensor of [...this.#tensors.values(), ...this.#turned.values()]) tensor.dispose();
    this.#tensors.clear();
    this.#turned.clear();
  }
}
