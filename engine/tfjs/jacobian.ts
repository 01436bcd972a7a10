import * as tf from "@tensorflow/tfjs-core";
import type { Matrix, Matrix64 } from "../engine.js";
import type { ReferenceModel } from "../network/reference/reference.js";
import { sharedMatrix } from "../spectrum/products.js";
import { type Checkpoint, forEachBlock, jacobianSites, type Program } from "./program.js";
import { addDenseNorms, type Columns, columnsOf, squaredNorm, writeRows } from "./sites.js";
import type { Site } from "./tape.js";

/** Rows of J for all the examples, nK × p, shared memory. */
export function rows(program: Program, features: Matrix, checkpoint: Checkpoint): Matrix {
  const { outputs } = program.shaped;
  const p = program.layout.trainableCount;
  const result = sharedMatrix(features.rows * outputs, p);
  forEachBlock(program, features.rows, checkpoint, (first, count) => {
    for (const site of jacobianSites(program, features, first, count)) {
      const { offset } = columnsOf(site, program.layout);
      const target = { values: result.values, stride: p, firstRow: first * outputs, firstColumn: offset };
      writeRows(site, outputs, target);
    }
  });
  return result;
}

/** The same in float64, from the reference: TensorFlow.js has no float64 arithmetic. */
export function rows64(reference: ReferenceModel, features: Matrix, checkpoint: Checkpoint): Matrix64 {
  const rowCount = features.rows * reference.outputs;
  const p = reference.layout.trainableCount;
  const values = new Float64Array(new SharedArrayBuffer(rowCount * p * 8));
  for (let i = 0; i < features.rows; i++) {
    const example = features.values.subarray(i * features.columns, (i + 1) * features.columns);
    const first = i * reference.outputs * p;
    reference.rows(example, values.subarray(first, first + reference.outputs * p));
    checkpoint(i + 1);
  }
  return { rows: rowCount, columns: p, values };
}

/** A sweep's results as the thread sends them. */
export interface SweepValues {
  readonly product: Matrix;
  readonly backProduct: Matrix;
  readonly squaredRowNorms: Float64Array;
}

/** One site's part in a sweep: its share of Y = JQ, and of Z = JᵀY once all shares of Y are added. */
interface Part {
  readonly columns: Columns;
  product(): tf.Tensor2D;
  backProduct(product: tf.Tensor2D): tf.Tensor2D;
}

/**
 * Y = JQ and Z = Jᵀ(JQ) over all the examples (design §5). Dense layers never form rows: with T = AQ_l,
 * Y_{ik} = Σ_o δ_{iko} T_{io}, and Z_l = AᵀS with S_i = δ_iᵀ Y_i. Other layers form the rows of one block.
 */
export function sweep(
  program: Program,
  features: Matrix,
  block: Matrix,
  checkpoint: Checkpoint,
): SweepValues {
  const { outputs } = program.shaped;
  const width = block.columns;
  const n = features.rows;
  const product = sharedMatrix(n * outputs, width);
  const norms = new Float64Array(new SharedArrayBuffer(n * outputs * 8));
  const pieces = new Map<number, tf.Tensor2D>();
  const sums = new Map<number, tf.Tensor2D>();
  try {
    forEachBlock(program, n, checkpoint, (first, count) => {
      const parts = jacobianSites(program, features, first, count).map((site) => {
        const columns = columnsOf(site, program.layout);
        const piece = pieces.get(columns.offset) ?? pieceOf(block, columns);
        pieces.set(columns.offset, piece);
        return site.kind === "dense"
          ? densePart(site, columns, piece, outputs, norms, first * outputs)
          : rowsPart(site, columns, piece, outputs, norms, first * outputs);
      });
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

function pieceOf(block: Matrix, { offset, size }: Columns): tf.Tensor2D {
  const values = block.values.slice(offset * block.columns, (offset + size) * block.columns);
  return tf.keep(tf.tensor2d(values, [size, block.columns]));
}

function densePart(
  site: Extract<Site, { kind: "dense" }>,
  columns: Columns,
  piece: tf.Tensor2D,
  copies: number,
  norms: Float64Array,
  firstRow: number,
): Part {
  addDenseNorms(site, copies, norms, firstRow);
  const n = site.input.shape[0];
  const inputs = site.layer.input[0]!;
  const outputs = site.layer.output[0]!;
  const width = piece.shape[1];
  const cotangent: tf.Tensor3D = tf.reshape(site.cotangent, [n, copies, outputs]);
  return {
    columns,
    product: () => {
      const kernel: tf.Tensor2D = tf.reshape(tf.slice(piece, [0, 0], [inputs * outputs, width]), [
        inputs,
        outputs * width,
      ]);
      let forwarded: tf.Tensor2D = tf.matMul(site.input, kernel);
      if (columns.second !== undefined) {
        const bias = tf.slice(piece, [inputs * outputs, 0], [outputs, width]);
        forwarded = tf.add(forwarded, tf.reshape(bias, [1, outputs * width]));
      }
      const perOutput: tf.Tensor3D = tf.reshape(forwarded, [n, outputs, width]);
      return tf.reshape(tf.matMul(cotangent, perOutput), [n * copies, width]);
    },
    backProduct: (y) => {
      const perExample: tf.Tensor3D = tf.reshape(y, [n, copies, width]);
      const carried: tf.Tensor2D = tf.reshape(tf.matMul(cotangent, perExample, true), [n, outputs * width]);
      const kernel: tf.Tensor2D = tf.reshape(tf.matMul(tf.transpose(site.input), carried), [
        inputs * outputs,
        width,
      ]);
      if (columns.second === undefined) return kernel;
      const bias: tf.Tensor2D = tf.reshape(tf.matMul(tf.ones([1, n]), carried), [outputs, width]);
      return tf.concat([kernel, bias], 0);
    },
  };
}

function rowsPart(
  site: Site,
  columns: Columns,
  piece: tf.Tensor2D,
  copies: number,
  norms: Float64Array,
  firstRow: number,
): Part {
  const count = site.cotangent.shape[0]!;
  const { size } = columns;
  const values = new Float32Array(count * size);
  writeRows(site, copies, { values, stride: size, firstRow: 0, firstColumn: 0 });
  for (let row = 0; row < count; row++) {
    norms[firstRow + row] = norms[firstRow + row]! + squaredNorm(values, row * size, size);
  }
  const block = tf.tensor2d(values, [count, size]);
  return {
    columns,
    product: () => tf.matMul(block, piece),
    backProduct: (y) => tf.matMul(tf.transpose(block), y),
  };
}
