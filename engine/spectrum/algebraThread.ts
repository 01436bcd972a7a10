import { parentPort } from "node:worker_threads";
import { describeError } from "../threads.js";
import { createAlgebra } from "./algebra.js";
import type { AlgebraAnswer, AlgebraRequest } from "./algebraWorker.js";

/** The thread behind `startAlgebraWorker`: answers one request after another until its port closes. */
const algebra = createAlgebra();

function answer(request: AlgebraRequest): AlgebraAnswer["result"] {
  switch (request.operation) {
    case "crossProduct": {
      const [left, right] = request.inputs;
      return algebra.crossProduct(left, request.symmetric ? left : right);
    }
    case "combine":
      return algebra.combine(...request.inputs);
    case "subtract":
      return algebra.subtract(...request.inputs);
    case "heldGram":
      return algebra.heldGram(...request.inputs);
    case "heldSweep":
      return algebra.heldSweep(...request.inputs);
    case "gram64":
      return algebra.gram64(...request.inputs);
    case "coordinates":
      return algebra.coordinates(...request.inputs);
    case "remainder":
      return algebra.remainder(...request.inputs);
    case "symmetricEigen":
      return algebra.symmetricEigen(...request.inputs);
  }
}

parentPort?.on("message", (request: AlgebraRequest) => {
  try {
    parentPort?.postMessage({ id: request.id, result: answer(request) } satisfies AlgebraAnswer);
  } catch (error) {
    parentPort?.postMessage({ id: request.id, error: describeError(error) });
  }
});
