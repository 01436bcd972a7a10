import type { LinearAlgebra, Matrix64 } from "../engine.js";
import { createProducts, type Products } from "./products.js";
import { symmetricEigen } from "./symmetricEigen.js";

/** The operations of `LinearAlgebra` as synchronous functions, with scratch memory of their own. */
export interface SynchronousAlgebra extends Products {
  /** Largest `count` eigenpairs of a symmetric matrix, values descending; vectors n × count, one a column. */
  symmetricEigen(
    matrix: Matrix64,
    count: number,
  ): { readonly values: Float64Array; readonly vectors: Matrix64 };
}

/** Shapes, dtypes and order of the results are those of `LinearAlgebra` in engine.ts. */
export function createAlgebra(): SynchronousAlgebra {
  return { ...createProducts(), symmetricEigen };
}

/** `LinearAlgebra` on the calling thread: for tests and tools that may block. */
export function inlineAlgebra(): LinearAlgebra {
  const algebra = createAlgebra();
  return {
    crossProduct: async (left, right) => algebra.crossProduct(left, right),
    combine: async (basis, coefficients) => algebra.combine(basis, coefficients),
    subtract: async (target, basis, coefficients) => algebra.subtract(target, basis, coefficients),
    gram64: async (rows, side) => algebra.gram64(rows, side),
    symmetricEigen: async (matrix, count) => algebra.symmetricEigen(matrix, count),
  };
}
