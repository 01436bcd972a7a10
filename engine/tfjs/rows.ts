import type { Matrix, Matrix64 } from "../engine.js";
import type { ReferenceModel } from "../network/reference/reference.js";
import { sharedMatrix } from "../spectrum/products.js";
import { forEachBlock, type Program, visitJacobian, type Watch } from "./program.js";
import { writeRows } from "./siteRows.js";
import { columnsOf } from "./sites.js";

/** Rows of J for all the examples, nK × p, row i · K + k, float32 in shared memory. */
export function rows(program: Program, features: Matrix, watch: Watch): Matrix {
  const { outputs } = program.shaped;
  const p = program.layout.trainableCount;
  const result = sharedMatrix(features.rows * outputs, p);
  forEachBlock(features.rows, program.blockExamples, watch, (first, count) => {
    visitJacobian(program, features, first, count, (site) => {
      watch.check();
      const { offset } = columnsOf(site.layer, program.layout);
      const target = { values: result.values, stride: p, firstRow: first * outputs, firstColumn: offset };
      writeRows(site, outputs, target);
    });
  });
  return result;
}

/** The same in float64, from the reference: TensorFlow.js has no float64 arithmetic. */
export function rows64(reference: ReferenceModel, features: Matrix, watch: Watch): Matrix64 {
  const rowCount = features.rows * reference.outputs;
  const p = reference.layout.trainableCount;
  const values = new Float64Array(new SharedArrayBuffer(rowCount * p * 8));
  for (let i = 0; i < features.rows; i++) {
    const example = features.values.subarray(i * features.columns, (i + 1) * features.columns);
    const first = i * reference.outputs * p;
    reference.rows(example, values.subarray(first, first + reference.outputs * p));
    watch.report(i + 1);
  }
  return { rows: rowCount, columns: p, values };
}
