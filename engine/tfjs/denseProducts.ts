import * as tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../engine.js";
import type { ShapedDense } from "../network/shapes.js";
import { addTo, disposeAll, fastNumbers, squaredNorm } from "./numbers.js";
import { type Columns, hasBias, type Site } from "./sites.js";
import type { LayerProducts, SweepBlock } from "./sweep.js";

/** Some of the layer's outputs: so few that a factor with all their columns stays in cache. */
interface Piece {
  readonly first: number;
  readonly count: number;
  /** Their part of Q: one row an input, count · b numbers long. */
  readonly factor: tf.Tensor2D;
}

/** What of a block of examples the way back needs. */
interface Kept {
  /** A, examples × inputs. */
  readonly input: tf.Tensor2D;
  /** δ of each piece, examples × K × count. */
  readonly cotangents: readonly tf.Tensor3D[];
}

/**
 * A dense layer's products without its rows (design §5), which are a ⊗ δ: with T = AQ_l, Y_{ik} = Σ_o δ_{iko} T_{io}, and
 * Z_l = AᵀS with S_i = δ_iᵀ Y_i. The bias is one more input that is always 1: its place in Q, behind the kernel, has it so.
 */
export class DenseProducts implements LayerProducts {
  readonly #offset: number;
  readonly #inputs: number;
  readonly #outputs: number;
  readonly #bias: 0 | 1;
  readonly #width: number;
  readonly #pieces: readonly Piece[];
  readonly #sums: (tf.Tensor2D | undefined)[];
  #kept: Kept | undefined;

  /** @param block Q, p × b. @param examples of the largest block. */
  constructor(layer: ShapedDense, { offset }: Columns, block: Matrix, examples: number) {
    this.#offset = offset;
    this.#bias = hasBias(layer) ? 1 : 0;
    this.#inputs = layer.input[0] + this.#bias;
    this.#outputs = layer.output[0];
    this.#width = block.columns;
    const depth = Math.max(this.#inputs, examples);
    const together = Math.max(1, Math.floor(fastNumbers / (depth * this.#width)));
    const pieces: Piece[] = [];
    for (let first = 0; first < this.#outputs; first += together) {
      const count = Math.min(together, this.#outputs - first);
      pieces.push({ first, count, factor: this.#factor(block, first, count) });
    }
    this.#pieces = pieces;
    this.#sums = pieces.map(() => undefined);
  }

  multiply(site: Site, { copies, firstRow, norms }: SweepBlock): tf.Tensor2D {
    const n = site.input.shape[0];
    const input = this.#withOnes(site.input.dataSync<"float32">(), n);
    const cotangents = site.cotangent.dataSync<"float32">();
    for (let row = 0; row < n * copies; row++) {
      const example = Math.floor(row / copies) * this.#inputs;
      const squared = squaredNorm(cotangents, row * this.#outputs, this.#outputs);
      norms[firstRow + row] += squaredNorm(input, example, this.#inputs) * squared;
    }
    const kept: Kept = {
      input: tf.keep(tf.tensor2d(input, [n, this.#inputs])),
      cotangents: this.#pieces.map((piece) => tf.keep(this.#cutCotangents(cotangents, piece, n, copies))),
    };
    this.#kept = kept;
    const shares = this.#pieces.map(({ count, factor }, at) =>
      tf.tidy(() => {
        const forwarded: tf.Tensor3D = tf.reshape(tf.matMul(kept.input, factor), [n, count, this.#width]);
        return tf.matMul(kept.cotangents[at], forwarded);
      }),
    );
    return tf.reshape(tf.addN(shares), [n * copies, this.#width]);
  }

  multiplyBack(product: tf.Tensor2D): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    const n = kept.input.shape[0];
    const perExample: tf.Tensor3D = tf.reshape(product, [n, -1, this.#width]);
    const turned = tf.transpose(kept.input);
    this.#pieces.forEach(({ count }, at) => {
      this.#sums[at] = addTo(this.#sums[at], () => {
        const carried = tf.matMul(kept.cotangents[at], perExample, true);
        return tf.matMul(turned, tf.reshape(carried, [n, count * this.#width]) as tf.Tensor2D);
      });
    });
    this.#forget();
  }

  write({ values }: Matrix): void {
    this.#pieces.forEach(({ first, count }, at) => {
      const sum = this.#sums[at]?.dataSync<"float32">();
      if (sum === undefined) return;
      const length = count * this.#width;
      for (let input = 0; input < this.#inputs; input++) {
        values.set(sum.subarray(input * length, (input + 1) * length), this.#place(input, first));
      }
    });
  }

  close(): void {
    this.#forget();
    disposeAll([...this.#sums, ...this.#pieces.map(({ factor }) => factor)]);
  }

  #forget(): void {
    if (this.#kept !== undefined) disposeAll([this.#kept.input, ...this.#kept.cotangents]);
    this.#kept = undefined;
  }

  /** Where Q and Z have the weight from an input to an output. */
  #place(input: number, output: number): number {
    return (this.#offset + input * this.#outputs + output) * this.#width;
  }

  #factor({ values }: Matrix, first: number, count: number): tf.Tensor2D {
    const length = count * this.#width;
    const factor = new Float32Array(this.#inputs * length);
    for (let input = 0; input < this.#inputs; input++) {
      const from = this.#place(input, first);
      factor.set(values.subarray(from, from + length), input * length);
    }
    return tf.keep(tf.tensor2d(factor, [this.#inputs, length]));
  }

  #withOnes(input: Float32Array, n: number): Float32Array {
    if (this.#bias === 0) return input;
    const own = this.#inputs - 1;
    const extended = new Float32Array(n * this.#inputs).fill(1);
    for (let i = 0; i < n; i++) extended.set(input.subarray(i * own, (i + 1) * own), i * this.#inputs);
    return extended;
  }

  #cutCotangents(cotangents: Float32Array, { first, count }: Piece, n: number, copies: number): tf.Tensor3D {
    const cut = new Float32Array(n * copies * count);
    for (let row = 0; row < n * copies; row++) {
      const from = row * this.#outputs + first;
      cut.set(cotangents.subarray(from, from + count), row * count);
    }
    return tf.tensor3d(cut, [n, copies, count]);
  }
}
