import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { HeldSweep, LinearAlgebra, Matrix, Matrix64 } from "../engine.js";
import { type ErrorOnTheWay, reviveError, startThread } from "../threads.js";
import { sharedMatrix } from "./products.js";

/** A call on its way to the thread; arrays over a SharedArrayBuffer travel without a copy. */
export type AlgebraRequest = { readonly id: number } & AlgebraCall;

type AlgebraCall =
  | {
      readonly operation: "crossProduct";
      readonly inputs: readonly [Matrix, Matrix];
      /** Both are one array: said here because a copy between threads hides it. */
      readonly symmetric: boolean;
    }
  | { readonly operation: "combine"; readonly inputs: readonly [Matrix, Matrix64, Matrix | undefined] }
  | { readonly operation: "subtract"; readonly inputs: readonly [Matrix, Matrix, Matrix64] }
  | { readonly operation: "heldGram"; readonly inputs: readonly [readonly Matrix[]] }
  | { readonly operation: "heldSweep"; readonly inputs: readonly [readonly Matrix[], Matrix] }
  | { readonly operation: "gram64"; readonly inputs: readonly [Matrix64, "rows" | "columns"] }
  | { readonly operation: "coordinates"; readonly inputs: readonly [Matrix, Matrix64] }
  | { readonly operation: "remainder"; readonly inputs: readonly [Matrix64, Matrix, Matrix64] }
  | { readonly operation: "symmetricEigen"; readonly inputs: readonly [Matrix64, number] };

type EigenPairs = Awaited<ReturnType<LinearAlgebra["symmetricEigen"]>>;

/** What comes back: a result, or the facts of an error. */
export interface AlgebraAnswer {
  readonly id: number;
  readonly result?: Matrix | Matrix64 | HeldSweep | EigenPairs | undefined;
  readonly error?: ErrorOnTheWay;
}

interface Waiting {
  readonly resolve: (result: AlgebraAnswer["result"]) => void;
  readonly reject: (error: Error) => void;
}

/** The matrix itself when threads can share it, else a copy that they can. */
function shared(matrix: Matrix): Matrix {
  if (matrix.values.buffer instanceof SharedArrayBuffer) return matrix;
  const result = sharedMatrix(matrix.rows, matrix.columns);
  result.values.set(matrix.values);
  return result;
}

/**
 * Dense algebra in a worker thread, one call after another. Results are in shared memory (float32) or owned by the
 * caller (float64). From TypeScript sources the thread runs through tsx, from the built package as it is.
 *
 * `close` ends the thread; calls still open, and calls made later, reject with ALGEBRA_THREAD_ENDED.
 */
export async function startAlgebraWorker(): Promise<LinearAlgebra & { close(): Promise<void> }> {
  const worker = startThread(import.meta.url, "algebraThread");
  const waiting = new Map<number, Waiting>();
  let ended: Error | undefined;
  let lastId = 0;

  function end(cause: unknown): void {
    ended ??= spectrumErrors.algebraThreadEnded(cause);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }
  worker.on("message", (answer: AlgebraAnswer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if (answer.error === undefined) call?.resolve(answer.result);
    else call?.reject(reviveError(answer.error));
  });
  worker.on("error", end);
  worker.on("exit", () => end(undefined));

  await new Promise<void>((resolve, reject) => {
    worker.once("online", resolve);
    worker.once("error", reject);
  });
  worker.unref();

  function call<Result extends AlgebraAnswer["result"]>(request: AlgebraCall): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (ended !== undefined) {
        reject(ended);
        return;
      }
      lastId += 1;
      waiting.set(lastId, { resolve: (result) => resolve(result as Result), reject });
      worker.ref();
      worker.postMessage({ id: lastId, ...request });
    });
  }

  return {
    reachable: shared,
    crossProduct: (left, right) => {
      const symmetric = left.values === right.values;
      const inputs: [Matrix, Matrix] = symmetric ? [left, { ...right, values: left.values }] : [left, right];
      return call<Matrix64>({ operation: "crossProduct", inputs, symmetric });
    },
    combine: (basis, coefficients, over) => {
      const reached = over?.values.buffer instanceof SharedArrayBuffer ? over : undefined;
      return call<Matrix>({ operation: "combine", inputs: [basis, coefficients, reached] });
    },
    subtract: (target, basis, coefficients) =>
      call<Matrix>({ operation: "subtract", inputs: [target, basis, coefficients] }),
    heldGram: (rows) => call<Matrix64>({ operation: "heldGram", inputs: [rows] }),
    heldSweep: (rows, block) => call<HeldSweep>({ operation: "heldSweep", inputs: [rows, block] }),
    gram64: (rows, side) => call<Matrix64>({ operation: "gram64", inputs: [rows, side] }),
    coordinates: (basis, vectors) => call<Matrix64>({ operation: "coordinates", inputs: [basis, vectors] }),
    remainder: (vectors, basis, coordinates) =>
      call<Matrix64>({ operation: "remainder", inputs: [vectors, basis, coordinates] }),
    symmetricEigen: (matrix, count) =>
      call<EigenPairs>({ operation: "symmetricEigen", inputs: [matrix, count] }),
    close: async () => {
      end(undefined);
      await worker.terminate();
    },
  };
}
