import type { LinearAlgebra } from "../engine.js";

/**
 * The same algebra whose calls reject with the signal's reason as soon as it aborts. What was asked for is computed to its
 * end all the same, unless the engine is closed meanwhile; nobody waits for it.
 */
export function abortable(algebra: LinearAlgebra, signal: AbortSignal | undefined): LinearAlgebra {
  if (signal === undefined) return algebra;
  const orAborted = <Result>(work: Promise<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener("abort", stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
    });
  return {
    reachable: (matrix) => algebra.reachable(matrix),
    crossProduct: (left, right) => orAborted(algebra.crossProduct(left, right)),
    combine: (basis, coefficients, over) => orAborted(algebra.combine(basis, coefficients, over)),
    subtract: (target, basis, coefficients) => orAborted(algebra.subtract(target, basis, coefficients)),
    heldGram: (rows) => orAborted(algebra.heldGram(rows)),
    heldSweep: (rows, block) => orAborted(algebra.heldSweep(rows, block)),
    gram64: (rows, side) => orAborted(algebra.gram64(rows, side)),
    coordinates: (basis, vectors) => orAborted(algebra.coordinates(basis, vectors)),
    remainder: (vectors, basis, coordinates) => orAborted(algebra.remainder(vectors, basis, coordinates)),
    symmetricEigen: (matrix, count) => orAborted(algebra.symmetricEigen(matrix, count)),
  };
}
