import type { LinearAlgebra, Matrix, Model, WorkOptions } from "../engine.js";
import { rowCount } from "./products.js";

/** One pass: Y = AQ, Z = Aᵀ(AQ) and ‖A‖_F². */
export interface OperatorSweep {
  /** rows × b. */
  readonly product: Matrix;
  /** columns × b. */
  readonly backProduct: Matrix;
  readonly frobeniusSquared: number;
}

/** A as block Krylov sees it, J or Jᵀ: something that multiplies. */
export interface SweepOperator {
  readonly rows: number;
  readonly columns: number;
  /** For Q columns × b. */
  sweep(block: Matrix, work?: WorkOptions): Promise<OperatorSweep>;
}

/** One sweep of an operator; `work.onSweep` is told how long it took. */
export async function timedSweep(
  operator: SweepOperator,
  block: Matrix,
  work: WorkOptions,
): Promise<OperatorSweep> {
  const start = performance.now();
  const swept = await operator.sweep(block, work);
  work.onSweep?.((performance.now() - start) / 1000);
  return swept;
}

/** J of a model on these examples (nK × p), recomputed block by block in every sweep and never held. */
export function streamedJacobian(model: Model, features: Matrix): SweepOperator {
  return {
    rows: features.rows * model.outputs,
    columns: model.layout.trainableCount,
    async sweep(block, work) {
      const { product, backProduct, squaredRowNorms } = await model.sweep(features, block, work);
      return {
        product,
        backProduct,
        frobeniusSquared: squaredRowNorms.reduce((sum, value) => sum + value, 0),
      };
    },
  };
}

/**
 * Jᵀ (p × nK) of rows of J that are held in memory in blocks (m_i × p, float32, in row order): a sweep costs two products
 * and no pass through the network, and its basis lives on the short side, in nK dimensions.
 */
export function heldTranspose(
  algebra: LinearAlgebra,
  blocks: readonly Matrix[],
  frobeniusSquared: number,
): SweepOperator {
  return {
    rows: blocks[0].columns,
    columns: rowCount(blocks),
    async sweep(block, work) {
      const { product, backProduct } = await algebra.heldSweep(blocks, block);
      work?.onProgress?.(block.rows);
      return { product, backProduct, frobeniusSquared };
    },
  };
}
