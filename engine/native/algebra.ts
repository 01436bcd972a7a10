import { nativeErrors } from "../../schemas/errors/native.js";
import type { LinearAlgebra, Matrix, Matrix64 } from "../engine.js";
import { rowCount } from "../spectrum/products.js";
import { checkMatrix, type Jobs, result32, result64 } from "./jobs.js";

/** `LinearAlgebra` on the native engine's threads; all sums in float64 (design §5). */
export function nativeAlgebra(jobs: Jobs): LinearAlgebra {
  async function project(
    call: "combine" | "subtract",
    basis: Matrix,
    coefficients: Matrix64,
    over: Matrix | undefined,
  ): Promise<Matrix> {
    checkMatrix("the basis", basis);
    checkMatrix("the coefficients", coefficients);
    const [m, a, b] = [basis.rows, basis.columns, coefficients.columns];
    mustAgree("the coefficients' rows", coefficients.rows, a);
    const fits = over !== undefined && over.values.length >= m * b;
    const values = fits ? over.values.subarray(0, m * b) : result32("the combination", m, b);
    const more = call === "subtract" ? [values] : [];
    await jobs.run({
      call,
      arrays: [basis.values, coefficients.values, values, ...more],
      numbers: [m, a, b],
    });
    return { rows: m, columns: b, values };
  }

  return {
    reachable: (matrix) => matrix,
    async crossProduct(left, right) {
      checkMatrix("the left matrix", left);
      checkMatrix("the right matrix", right);
      mustAgree("the right matrix's rows", right.rows, left.rows);
      const values = result64("the cross product", left.columns, right.columns);
      const numbers = [left.rows, left.columns, right.columns];
      await jobs.run({ call: "crossProduct", arrays: [left.values, right.values, values], numbers });
      return { rows: left.columns, columns: right.columns, values };
    },
    combine: (basis, coefficients, over) => project("combine", basis, coefficients, over),
    async subtract(target, basis, coefficients) {
      checkMatrix("the target", target);
      mustAgree("the target's rows", target.rows, basis.rows);
      mustAgree("the target's columns", target.columns, coefficients.columns);
      return project("subtract", basis, coefficients, target);
    },
    async heldGram(rows) {
      const columns = checkRows(rows);
      const count = rowCount(rows);
      const values = result64("the Gram matrix", count, count);
      const numbers = [columns, ...rows.map((block) => block.rows)];
      await jobs.run({ call: "heldGram", arrays: [values, ...rows.map((block) => block.values)], numbers });
      return { rows: count, columns: count, values };
    },
    async heldSweep(rows, block) {
      const columns = checkRows(rows);
      const count = rowCount(rows);
      checkMatrix("the block", block);
      mustAgree("the block's rows", block.rows, count);
      const product = result32("the product", columns, block.columns);
      const back = result32("the back product", count, block.columns);
      await jobs.run({
        call: "heldSweep",
        arrays: [block.values, product, back, ...rows.map((part) => part.values)],
        numbers: [columns, block.columns, ...rows.map((part) => part.rows)],
      });
      return {
        product: { rows: columns, columns: block.columns, values: product },
        backProduct: { rows: count, columns: block.columns, values: back },
      };
    },
    async gram64(matrix, side) {
      checkMatrix("the matrix", matrix);
      const n = side === "rows" ? matrix.rows : matrix.columns;
      const values = result64("the Gram matrix", n, n);
      const numbers = [matrix.rows, matrix.columns, side === "rows" ? 1 : 0];
      await jobs.run({ call: "gram64", arrays: [matrix.values, values], numbers });
      return { rows: n, columns: n, values };
    },
    async coordinates(basis, vectors) {
      checkMatrix("the basis", basis);
      checkMatrix("the vectors", vectors);
      mustAgree("the vectors' columns", vectors.columns, basis.columns);
      const [r, b, m] = [basis.rows, vectors.rows, basis.columns];
      const values = result64("the coordinates", b, r);
      const arrays = [basis.values, vectors.values, values];
      await jobs.run({ call: "coordinates", arrays, numbers: [r, b, m] });
      return { rows: b, columns: r, values };
    },
    async remainder(vectors, basis, coordinates) {
      checkMatrix("the vectors", vectors);
      checkMatrix("the basis", basis);
      checkMatrix("the coordinates", coordinates);
      const [r, b, m] = [basis.rows, vectors.rows, basis.columns];
      mustAgree("the vectors' columns", vectors.columns, m);
      mustAgree("the coordinates' rows", coordinates.rows, b);
      mustAgree("the coordinates' columns", coordinates.columns, r);
      const values = result64("the remainder", b, m);
      const arrays = [vectors.values, basis.values, coordinates.values, values];
      await jobs.run({ call: "remainder", arrays, numbers: [r, b, m] });
      return { rows: b, columns: m, values };
    },
    async symmetricEigen(matrix, count) {
      checkMatrix("the matrix", matrix);
      mustAgree("the matrix's columns", matrix.columns, matrix.rows);
      const n = matrix.rows;
      const wanted = Math.max(0, Math.min(count, n));
      const values = new Float64Array(wanted);
      const vectors = result64("the eigenvectors", n, wanted);
      await jobs.run({
        call: "symmetricEigen",
        arrays: [matrix.values, values, vectors],
        numbers: [n, wanted],
      });
      return { values, vectors: { rows: n, columns: wanted, values: vectors } };
    },
  };
}

/** Checks blocks of rows; returns their columns. */
function checkRows(rows: readonly Matrix[]): number {
  const columns = rows[0]?.columns ?? 0;
  for (const block of rows) {
    checkMatrix("a block of rows", block);
    mustAgree("a block's columns", block.columns, columns);
  }
  return columns;
}

function mustAgree(what: string, found: number, wanted: number): void {
  if (found !== wanted)
    throw nativeErrors.invalidArgument(what, `${found} where ${wanted} are needed`, found);
}
