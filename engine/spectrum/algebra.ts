import type { LinearAlgebra, Matrix64 } from "../engine.js";
import { blockLanczos, type EigenPairs } from "./blockLanczos.js";
import { createMultiplier } from "./multiplier.js";
import { createProducts, createProducts64, type Products } from "./products.js";
import { fullEigen, largestEntry } from "./symmetricEigen.js";

/** The operations of `LinearAlgebra` as synchronous functions, with scratch memory of their own. */
export interface SynchronousAlgebra extends Products {
  /** Largest `count` eigenpairs of a symmetric matrix. */
  symmetricEigen(matrix: Matrix64, count: number): EigenPairs;
}

/** Matrices of at least this size, of which at most a tenth of the pairs are wanted, are not reduced whole. */
const lanczosSize = 1000;
const lanczosShare = 0.1;

/** Shapes, dtypes and order of the results are those of `LinearAlgebra` in engine.ts. */
export function createAlgebra(): SynchronousAlgebra {
  const multiply = createMultiplier();
  const products64 = createProducts64(multiply);
  return {
    ...createProducts(multiply),
    symmetricEigen(matrix, count) {
      if (matrix.rows >= lanczosSize && count <= lanczosShare * matrix.rows && largestEntry(matrix) > 0) {
        const found = blockLanczos(products64, matrix, count);
        if (found !== undefined) return found;
      }
      return fullEigen(matrix, count);
    },
  };
}

/** `LinearAlgebra` on the calling thread: for tests and tools that may block. */
export function inlineAlgebra(): LinearAlgebra {
  const algebra = createAlgebra();
  return {
    reachable: (matrix) => matrix,
    crossProduct: async (left, right) => algebra.crossProduct(left, right),
    combine: async (basis, coefficients, over) => algebra.combine(basis, coefficients, over),
    subtract: async (target, basis, coefficients) => algebra.subtract(target, basis, coefficients),
    heldGram: async (rows) => algebra.heldGram(rows),
    heldSweep: async (rows, block) => algebra.heldSweep(rows, block),
    gram64: async (rows, side) => algebra.gram64(rows, side),
    coordinates: async (basis, vectors) => algebra.coordinates(basis, vectors),
    remainder: async (vectors, basis, coordinates) => algebra.remainder(vectors, basis, coordinates),
    symmetricEigen: async (matrix, count) => algebra.symmetricEigen(matrix, count),
  };
}
