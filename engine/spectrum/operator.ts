import type { LinearAlgebra, Matrix, Model, Sweep, WorkOptions } from "../engine.js";
import { rounded, widened } from "./blocks.js";

/** J as block Krylov sees it: something that multiplies. Streaming models, held rows and test matrices are all one. */
export interface SweepOperator {
  /** nK. */
  readonly rows: number;
  /** p. */
  readonly columns: number;
  /** Y = JQ (nK × b), Z = Jᵀ(JQ) (p × b) and the squared row norms of J, for Q p × b. */
  sweep(block: Matrix, work?: WorkOptions): Promise<Sweep>;
}

/** J of a model on these examples, recomputed block by block in every sweep and never held. */
export function streamedJacobian(model: Model, features: Matrix): SweepOperator {
  return {
    rows: features.rows * model.outputs,
    columns: model.layout.trainableCount,
    sweep: (block, work) => model.sweep(features, block, work),
  };
}

/**
 * J held in memory as blocks of its rows (each m_i × p, float32, in row order), so that a sweep costs two products
 * and no pass through the network. Sums in float64.
 */
export function heldJacobian(algebra: LinearAlgebra, blocks: readonly Matrix[]): SweepOperator {
  const rows = blocks.reduce((count, block) => count + block.rows, 0);
  const columns = blocks[0].columns;
  let rowNorms: Float64Array | undefined;

  return {
    rows,
    columns,
    async sweep(block, work) {
      const wide = await widened(block);
      const width = block.columns;
      const product = new Float32Array(new SharedArrayBuffer(4 * rows * width));
      const back = new Float64Array(columns * width);
      let row = 0;
      for (const held of blocks) {
        work?.signal?.throwIfAborted();
        const part = await algebra.combine(held, wide);
        product.set(part.values, row * width);
        const share = (await algebra.crossProduct(held, part)).values;
        for (let index = 0; index < back.length; index += 1) back[index] += share[index];
        row += held.rows;
        work?.onProgress?.(row);
      }
      rowNorms ??= squaredRowNorms(blocks, rows);
      return {
        product: { rows, columns: width, values: product },
        backProduct: await rounded({ rows: columns, columns: width, values: back }),
        squaredRowNorms: rowNorms,
      };
    },
  };
}

function squaredRowNorms(blocks: readonly Matrix[], rows: number): Float64Array {
  const norms = new Float64Array(rows);
  let index = 0;
  for (const { rows: count, columns, values } of blocks) {
    for (let row = 0; row < count; row += 1) {
      let sum = 0;
      for (let at = row * columns; at < (row + 1) * columns; at += 1) sum += values[at] * values[at];
      norms[index] = sum;
      index += 1;
    }
  }
  return norms;
}
