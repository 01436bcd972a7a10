import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { LinearAlgebra, Matrix64 } from "../../../engine/engine.js";
import { abortable } from "../../../engine/spectrum/abortable.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";

const test = suite("abortable algebra");

const matrix: Matrix64 = { rows: 2, columns: 2, values: Float64Array.of(2, 0, 0, 1) };
const never: LinearAlgebra = { ...inlineAlgebra(), symmetricEigen: () => new Promise(() => undefined) };
const settled = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

test("a call that takes for ever ends with the signal's reason, and so does one after it", async () => {
  const controller = new AbortController();
  const algebra = abortable(never, controller.signal);
  const waiting = settled(algebra.symmetricEigen(matrix, 1));
  const reason = new Error("enough");
  controller.abort(reason);
  assert.is(await waiting, reason);
  assert.is(await settled(algebra.gram64(matrix, "rows")), reason);
});

test("without an abort every call is what it was", async () => {
  const algebra = abortable(inlineAlgebra(), new AbortController().signal);
  assert.equal([...(await algebra.symmetricEigen(matrix, 2)).values], [2, 1]);
  assert.equal([...(await algebra.gram64(matrix, "rows")).values], [4, 0, 0, 1]);
});

test.run();
