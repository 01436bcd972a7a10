import * as tf from "@tensorflow/tfjs-core";
import type { Matrix, Sweep } from "../engine.js";
import { sharedMatrix } from "../spectrum/products.js";
import { type Checkpoint, forEachBlock, jacobianSites, type Program } from "./program.js";
import { writeRows } from "./siteRows.js";
import { type Columns, columnsOf, hasBias, type Site, type SiteOf, trainableLayers } from "./sites.js";

/** What the products of a dense layer may hold at once, 4 bytes each: 64 MB. */
const productValues = 16_000_000;

/** One site's part in a sweep: its share of Y = JQ, and of Z = JᵀY once all shares of Y are added. */
interface Part {
  readonly columns: Columns;
  /** block rows × b. */
  product(): tf.Tensor2D;
  /** Y of the block → the layer's columns × b. */
  backProduct(product: tf.Tensor2D): tf.Tensor2D;
}

/** A block of examples on its way through a sweep. */
interface Block {
  /** Cotangents an example, K. */
  readonly copies: number;
  /** Row of J of the block's first example. */
  readonly firstRow: number;
  /** ‖row‖² of all rows of J, added to layer by layer. */
  readonly norms: Float64Array;
}

/**
 * Y = JQ, Z = Jᵀ(JQ) and ‖row‖² over all the examples (design §5): rows i · K + k, products float32, norms summed in
 * float64, in shared memory. Dense layers never form rows: with T = AQ_l, Y_{ik} = Σ_o δ_{iko} T_{io}, and Z_l = AᵀS
 * with S_i = δ_iᵀ Y_i. Other layers form the rows of one block of examples.
 *
 * @param block Q, p × b.
 */
export function sweep(program: Program, features: Matrix, block: Matrix, checkpoint: Checkpoint): Sweep {
  const { outputs } = program.shaped;
  const width = block.columns;
  const n = features.rows;
  const product = sharedMatrix(n * outputs, width);
  const norms = new Float64Array(new SharedArrayBuffer(n * outputs * 8));
  const pieces = new Map<number, tf.Tensor2D>();
  const sums = new Map<number, tf.Tensor2D>();
  try {
    forEachBlock(n, examplesTogether(program, width), checkpoint, (first, count) => {
      const place: Block = { copies: outputs, firstRow: first * outputs, norms };
      const parts = jacobianSites(program, features, first, count).map((site) => {
        const columns = columnsOf(site.layer, program.layout);
        const piece = pieces.get(columns.offset) ?? pieceOf(block, columns);
        pieces.set(columns.offset, piece);
        return site.kind === "dense"
          ? densePart(site, columns, piece, place)
          : rowsPart(site, columns, piece, place);
      });
      if (parts.length === 0) return;
      const y = tf.addN(parts.map((part) => part.product())) as tf.Tensor2D;
      product.values.set(y.dataSync<"float32">(), first * outputs * width);
      for (const part of parts) {
        const { offset } = part.columns;
        const before = sums.get(offset);
        const share = part.backProduct(y);
        sums.set(offset, tf.keep(before === undefined ? share.clone() : tf.add(before, share)));
        before?.dispose();
      }
    });
    const backProduct = sharedMatrix(block.rows, width);
    for (const [offset, sum] of sums) backProduct.values.set(sum.dataSync<"float32">(), offset * width);
    return { product, backProduct, squaredRowNorms: norms };
  } finally {
    for (const tensor of [...pieces.values(), ...sums.values()]) tensor.dispose();
  }
}

/** T and S of the widest dense layer hold examples · outputs · b values. */
function examplesTogether(program: Program, width: number): number {
  const dense = trainableLayers(program.shaped.layers).filter((layer) => layer.type === "dense");
  const widest = Math.max(1, ...dense.map((layer) => layer.output[0]));
  return Math.max(1, Math.min(program.blockExamples, Math.floor(productValues / (widest * width))));
}

/** The rows of Q that belong to a layer, kept until the sweep ends. */
function pieceOf(block: Matrix, { offset, size }: Columns): tf.Tensor2D {
  const values = block.values.slice(offset * block.columns, (offset + size) * block.columns);
  return tf.keep(tf.tensor2d(values, [size, block.columns]));
}

function densePart(site: SiteOf<"dense">, columns: Columns, piece: tf.Tensor2D, block: Block): Part {
  addDenseNorms(site, block);
  const { copies } = block;
  const n = site.input.shape[0];
  const [inputs] = site.layer.input;
  const [outputs] = site.layer.output;
  const width = piece.shape[1];
  const bias = hasBias(site.layer);
  const cotangent: tf.Tensor3D = tf.reshape(site.cotangent, [n, copies, outputs]);
  return {
    columns,
    product: () => {
      const rows = tf.slice(piece, [0, 0], [inputs * outputs, width]);
      let forwarded: tf.Tensor2D = tf.matMul(site.input, tf.reshape(rows, [inputs, outputs * width]));
      if (bias) {
        const last = tf.slice(piece, [inputs * outputs, 0], [outputs, width]);
        forwarded = tf.add(forwarded, tf.reshape(last, [1, outputs * width]));
      }
      const perOutput: tf.Tensor3D = tf.reshape(forwarded, [n, outputs, width]);
      return tf.reshape(tf.matMul(cotangent, perOutput), [n * copies, width]);
    },
    backProduct: (y) => {
      const perExample: tf.Tensor3D = tf.reshape(y, [n, copies, width]);
      const carried: tf.Tensor2D = tf.reshape(tf.matMul(cotangent, perExample, true), [n, outputs * width]);
      const kernel = tf.matMul(tf.transpose(site.input), carried);
      const rows: tf.Tensor2D = tf.reshape(kernel, [inputs * outputs, width]);
      if (!bias) return rows;
      const last: tf.Tensor2D = tf.reshape(tf.matMul(tf.ones([1, n]), carried), [outputs, width]);
      return tf.concat([rows, last], 0);
    },
  };
}

function rowsPart(site: Site, columns: Columns, piece: tf.Tensor2D, block: Block): Part {
  const { copies, firstRow, norms } = block;
  const { size } = columns;
  const count = site.cotangent.shape[0];
  const values = new Float32Array(count * size);
  writeRows(site, copies, { values, stride: size, firstRow: 0, firstColumn: 0 });
  for (let row = 0; row < count; row++) norms[firstRow + row] += squaredNorm(values, row * size, size);
  const rows = tf.tensor2d(values, [count, size]);
  return {
    columns,
    product: () => tf.matMul(rows, piece),
    backProduct: (y) => tf.matMul(tf.transpose(rows), y),
  };
}

/** ‖row‖² of a dense site's part of each row: (‖a‖² + 1 with a bias) ‖δ‖². */
function addDenseNorms(site: SiteOf<"dense">, { copies, firstRow, norms }: Block): void {
  const [inputs] = site.layer.input;
  const [outputs] = site.layer.output;
  const input = site.input.dataSync<"float32">();
  const cotangent = site.cotangent.dataSync<"float32">();
  const one = hasBias(site.layer) ? 1 : 0;
  for (let i = 0; i < site.input.shape[0]; i++) {
    const feature = squaredNorm(input, i * inputs, inputs) + one;
    for (let row = i * copies; row < (i + 1) * copies; row++) {
      norms[firstRow + row] += feature * squaredNorm(cotangent, row * outputs, outputs);
    }
  }
}

/** Σ x² of a stretch of float32 values, in float64. */
function squaredNorm(values: Float32Array, start: number, length: number): number {
  let sum = 0;
  for (let index = start; index < start + length; index++) sum += values[index] * values[index];
  return sum;
}
