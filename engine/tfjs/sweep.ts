import * as tf from "@tensorflow/tfjs-core";
import type { Matrix, Sweep } from "../engine.js";
import { sharedMatrix } from "../spectrum/products.js";
import { DenseProducts } from "./denseProducts.js";
import { forEachBlock, type Program, visitJacobian, type Watch } from "./program.js";
import { RowProducts } from "./rowProducts.js";
import { columnsOf, type Site, trainableLayers, type WeightedLayer } from "./sites.js";

/** A block of examples on its way through a sweep. */
export interface SweepBlock {
  /** Cotangents an example, K. */
  readonly copies: number;
  /** Row of J of the block's first example. */
  readonly firstRow: number;
  /** ‖row‖² of all rows of J, added to layer by layer. */
  readonly norms: Float64Array;
}

/** One layer's part in a sweep. It holds its rows of Q and of Z on the backend until `close`. */
export interface LayerProducts {
  /** The layer's share of the block's Y = JQ, block rows × b. What `multiplyBack` needs of the site is kept till then. */
  multiply(site: Site, block: SweepBlock): tf.Tensor2D;
  /** Adds the block's share of the layer's rows of Z = JᵀY, Y being that of all layers. */
  multiplyBack(product: tf.Tensor2D): void;
  /** Copies the layer's rows of Z into Z. */
  write(backProduct: Matrix): void;
  close(): void;
}

/** Examples a block for its products to take about a third of a second; at least what fills a thin product (design §5). */
const blockFlops = 8e9;
const thinRows = 64;

/**
 * Y = JQ, Z = Jᵀ(JQ) and ‖row‖² over all the examples (design §5): rows i · K + k, products float32, norms summed in
 * float64, in shared memory. Dense layers never form rows; other layers form those of one block of examples.
 *
 * @param block Q, p × b.
 */
export function sweep(program: Program, features: Matrix, block: Matrix, watch: Watch): Sweep {
  const { outputs } = program.shaped;
  const width = block.columns;
  const n = features.rows;
  const product = sharedMatrix(n * outputs, width);
  const norms = new Float64Array(new SharedArrayBuffer(n * outputs * 8));
  const layers = new Map<WeightedLayer, LayerProducts>();
  try {
    const together = examplesTogether(program, block);
    for (const layer of trainableLayers(program.shaped.layers)) {
      layers.set(layer, productsOf(layer, program, block, Math.min(n, together)));
    }
    forEachBlock(n, together, watch, (first, count) => {
      const place: SweepBlock = { copies: outputs, firstRow: first * outputs, norms };
      const shares: tf.Tensor2D[] = [];
      try {
        visitJacobian(program, features, first, count, (site) => {
          watch.check();
          const share = layers.get(site.layer)?.multiply(site, place);
          if (share !== undefined) shares.push(tf.keep(share));
        });
        if (shares.length === 0) return;
        const y = tf.addN(shares) as tf.Tensor2D;
        product.values.set(y.dataSync<"float32">(), first * outputs * width);
        for (const layer of layers.values()) {
          watch.check();
          tf.tidy(() => layer.multiplyBack(y));
        }
      } finally {
        for (const share of shares) share.dispose();
      }
    });
    const backProduct = sharedMatrix(block.rows, width);
    for (const layer of layers.values()) tf.tidy(() => layer.write(backProduct));
    return { product, backProduct, squaredRowNorms: norms };
  } finally {
    for (const layer of layers.values()) layer.close();
  }
}

function examplesTogether(program: Program, block: Matrix): number {
  const { outputs } = program.shaped;
  const flopsOfExample = 4 * block.rows * block.columns;
  const quick = Math.max(Math.ceil(thinRows / outputs), Math.floor(blockFlops / flopsOfExample));
  return Math.min(program.blockExamples, quick);
}

function productsOf(layer: WeightedLayer, program: Program, block: Matrix, examples: number): LayerProducts {
  const { outputs } = program.shaped;
  const columns = columnsOf(layer, program.layout);
  return layer.type === "dense"
    ? new DenseProducts(layer, columns, block, examples)
    : new RowProducts(columns, block, examples * outputs);
}
