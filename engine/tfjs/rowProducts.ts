import * as tf from "@tensorflow/tfjs-core";
import type { Matrix } from "../engine.js";
import { addTo, disposeAll, fastNumbers, squaredNorm } from "./numbers.js";
import { writeRows } from "./siteRows.js";
import type { Columns, Site } from "./sites.js";
import type { LayerProducts, SweepBlock } from "./sweep.js";

/** Some of the layer's columns of J: so few that their rows of Q stay in cache. */
interface Piece {
  readonly first: number;
  readonly count: number;
  /** Their rows of Q, count × b. */
  readonly factor: tf.Tensor2D;
}

/** A layer's products with its rows of J, formed for one block of examples at a time. */
export class RowProducts implements LayerProducts {
  readonly #columns: Columns;
  readonly #width: number;
  readonly #pieces: readonly Piece[];
  /** Z of each piece, count × b. */
  readonly #sums: (tf.Tensor2D | undefined)[];
  /** The rows, filled anew for every block. */
  readonly #values: Float32Array;
  /** The block's rows cut like the pieces. */
  #rows: readonly tf.Tensor2D[] = [];

  /** @param block Q, p × b. @param rows of the largest block. */
  constructor(columns: Columns, block: Matrix, rows: number) {
    this.#columns = columns;
    this.#width = block.columns;
    const together = Math.max(1, Math.floor(fastNumbers / this.#width));
    const pieces: Piece[] = [];
    for (let first = 0; first < columns.size; first += together) {
      const count = Math.min(together, columns.size - first);
      const from = (columns.offset + first) * this.#width;
      const values = block.values.slice(from, from + count * this.#width);
      pieces.push({ first, count, factor: tf.keep(tf.tensor2d(values, [count, this.#width])) });
    }
    this.#pieces = pieces;
    this.#sums = pieces.map(() => undefined);
    this.#values = new Float32Array(rows * columns.size);
  }

  multiply(site: Site, { copies, firstRow, norms }: SweepBlock): tf.Tensor2D {
    const { size } = this.#columns;
    const rows = site.cotangent.shape[0];
    writeRows(site, copies, { values: this.#values, stride: size, firstRow: 0, firstColumn: 0 });
    for (let row = 0; row < rows; row++) norms[firstRow + row] += squaredNorm(this.#values, row * size, size);
    this.#rows = this.#pieces.map((piece) => tf.keep(this.#cut(piece, rows)));
    return tf.addN(this.#pieces.map(({ factor }, at) => tf.matMul(this.#rows[at], factor))) as tf.Tensor2D;
  }

  multiplyBack(product: tf.Tensor2D): void {
    this.#rows.forEach((rows, at) => {
      this.#sums[at] = addTo(this.#sums[at], () => tf.matMul(tf.transpose(rows), product));
    });
    this.#forget();
  }

  write({ values }: Matrix): void {
    this.#pieces.forEach(({ first }, at) => {
      const sum = this.#sums[at]?.dataSync<"float32">();
      if (sum !== undefined) values.set(sum, (this.#columns.offset + first) * this.#width);
    });
  }

  close(): void {
    this.#forget();
    disposeAll([...this.#sums, ...this.#pieces.map(({ factor }) => factor)]);
  }

  #forget(): void {
    disposeAll(this.#rows);
    this.#rows = [];
  }

  #cut({ first, count }: Piece, rows: number): tf.Tensor2D {
    const { size } = this.#columns;
    if (count === size) return tf.tensor2d(this.#values.slice(0, rows * size), [rows, size]);
    const cut = new Float32Array(rows * count);
    for (let row = 0; row < rows; row++) {
      const from = row * size + first;
      cut.set(this.#values.subarray(from, from + count), row * count);
    }
    return tf.tensor2d(cut, [rows, count]);
  }
}
