import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { startAlgebraWorker } from "../../../engine/spectrum/algebraWorker.js";
import { sharedMatrix } from "../../../engine/spectrum/products.js";
import { JacoflowError } from "../../../schemas/errors/error.js";

const test = suite("algebra worker");

test("the thread gives the same bits as the same functions inline", async () => {
  const worker = await startAlgebraWorker();
  const inline = inlineAlgebra();
  const matrix = sharedMatrix(40, 6);
  for (let index = 0; index < 240; index += 1) matrix.values[index] = Math.sin(index * index);
  const other = { ...matrix, values: matrix.values.map((value) => value * value) };
  const gram = await worker.crossProduct(matrix, matrix);
  assert.equal(gram, await inline.crossProduct(matrix, matrix));
  assert.equal(await worker.crossProduct(matrix, other), await inline.crossProduct(matrix, other));
  assert.equal(
    Array.from((await worker.combine(matrix, gram)).values),
    Array.from((await inline.combine(matrix, gram)).values),
  );
  assert.equal(
    Array.from((await worker.subtract(other, matrix, gram)).values),
    Array.from((await inline.subtract(other, matrix, gram)).values),
  );
  const shared = { ...matrix, values: new Float32Array(new SharedArrayBuffer(4 * 240)) };
  shared.values.set(other.values);
  const written = await worker.subtract(shared, matrix, gram);
  assert.equal(shared.values, written.values);
  const combined = await worker.combine(matrix, gram, shared);
  assert.equal(shared.values, combined.values);
  assert.equal(await worker.symmetricEigen(gram, 3), await inline.symmetricEigen(gram, 3));
  assert.equal(await worker.gram64(gram, "rows"), await inline.gram64(gram, "rows"));
  await worker.close();
});

test("an error of the thread keeps its code, and a closed thread rejects", async () => {
  const worker = await startAlgebraWorker();
  const bad = { rows: 1, columns: 1, values: Float64Array.of(Number.NaN) };
  const code = async (promise: Promise<unknown>) => {
    try {
      await promise;
      return "no error";
    } catch (error) {
      return error instanceof JacoflowError ? error.code : String(error);
    }
  };
  assert.is(await code(worker.symmetricEigen(bad, 1)), "NOT_FINITE");
  const open = code(
    worker.symmetricEigen({ rows: 400, columns: 400, values: new Float64Array(160000) }, 400),
  );
  await worker.close();
  assert.is(await open, "ALGEBRA_THREAD_ENDED");
  assert.is(await code(worker.symmetricEigen(bad, 1)), "ALGEBRA_THREAD_ENDED");
});

test.run();
