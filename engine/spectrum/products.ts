import type { HeldSweep, Matrix, Matrix64 } from "../engine.js";
import type { Factor, Multiplier, StoreTile } from "./multiplier.js";

/** The synchronous products of `LinearAlgebra`, all sums in float64 and in one fixed order. */
export interface Products {
  /** AᵀB: A m × a, B m × b → a × b. Half the work when both are the same array. */
  crossProduct(left: Matrix, right: Matrix): Matrix64;
  /** A·C rounded to float32: A m × a, C a × b → m × b, at the beginning of `over` when it is long enough. */
  combine(basis: Matrix, coefficients: Matrix64, over?: Matrix): Matrix;
  /** Replaces B by B − A·C rounded to float32 once, and returns it: B m × b, A m × a, C a × b. */
  subtract(target: Matrix, basis: Matrix, coefficients: Matrix64): Matrix;
  /** A Aᵀ of rows in blocks. Exactly symmetric. */
  heldGram(rows: readonly Matrix[]): Matrix64;
  /** Y = AᵀX and Z = A Y of rows in blocks; X m × b. */
  heldSweep(rows: readonly Matrix[], block: Matrix): HeldSweep;
  /** A Aᵀ (`rows`) or AᵀA (`columns`) of float64 rows. Exactly symmetric. */
  gram64(rows: Matrix64, side: "rows" | "columns"): Matrix64;
  /** V Uᵀ: U r × m, V b × m → b × r. */
  coordinates(basis: Matrix, vectors: Matrix64): Matrix64;
  /** V − C U: V b × m, U r × m, C b × r → b × m. */
  remainder(vectors: Matrix64, basis: Matrix, coordinates: Matrix64): Matrix64;
}

/** Products with float64 on both ends, for solvers within the thread. */
export interface Products64 {
  /** AᵀB: A m × a, B m × b → a × b. */
  cross(left: Matrix64, right: Matrix64): Matrix64;
  /** A·B: A m × a, B a × b → m × b. */
  times(left: Matrix64, right: Matrix64): Matrix64;
  /** Replaces B by B − A·C: B m × b, A m × a, C a × b. */
  subtractFrom(target: Matrix64, basis: Matrix64, coefficients: Matrix64): void;
}

/** A float32 matrix of zeros that worker threads can share. */
export function sharedMatrix(rows: number, columns: number): Matrix {
  const bytes = rows * columns * Float32Array.BYTES_PER_ELEMENT;
  return { rows, columns, values: new Float32Array(new SharedArrayBuffer(bytes)) };
}

/** A matrix in the memory of one that is long enough, else zeros of its own. */
function matrixOver(rows: number, columns: number, over: Matrix | undefined): Matrix {
  if (over === undefined || over.values.length < rows * columns) return sharedMatrix(rows, columns);
  return { rows, columns, values: over.values.subarray(0, rows * columns) };
}

const along = ({ values, columns }: Matrix | Matrix64): Factor => ({
  values,
  stride: columns,
  depth: "along",
});

const across = ({ values, columns }: Matrix | Matrix64): Factor => ({
  values,
  stride: columns,
  depth: "across",
});

/** Rows of all blocks together. */
export function rowCount(blocks: readonly Matrix[]): number {
  return blocks.reduce((count, block) => count + block.rows, 0);
}

/**
 * Writes tiles to a result, from `firstRow` and `firstColumn` on, whose rows are `columns` long; rounds where it is float32.
 */
function into(
  result: Float32Array | Float64Array,
  columns: number,
  firstRow = 0,
  firstColumn = 0,
): StoreTile {
  return (tile, tileStride, row, height, column, width) => {
    for (let i = 0; i < height; i += 1) {
      const from = i * tileStride;
      const to = (firstRow + row + i) * columns + firstColumn + column;
      result.set(tile.subarray(from, from + width), to);
    }
  };
}

/** Writes `minuend` less the tiles. */
function difference<Values extends Float32Array | Float64Array>(
  result: Values,
  minuend: Values,
  columns: number,
): StoreTile {
  return (tile, tileStride, row, height, column, width) => {
    for (let i = 0; i < height; i += 1) {
      let to = (row + i) * columns + column;
      for (let from = i * tileStride; from < i * tileStride + width; from += 1) {
        result[to] = minuend[to] - tile[from];
        to += 1;
      }
    }
  };
}

/** Adds tiles to a result. */
function addedTo(result: Float64Array, columns: number): StoreTile {
  return (tile, tileStride, row, height, column, width) => {
    for (let i = 0; i < height; i += 1) {
      let to = (row + i) * columns + column;
      for (let from = i * tileStride; from < i * tileStride + width; from += 1) {
        result[to] += tile[from];
        to += 1;
      }
    }
  };
}

/** Copies what is below the diagonal of a size × size matrix to what is above it. */
function mirror(values: Float64Array, size: number): void {
  for (let row = 0; row < size; row += 1) {
    for (let column = row + 1; column < size; column += 1) {
      values[row * size + column] = values[column * size + row];
    }
  }
}

export function createProducts(multiply: Multiplier): Products {
  function symmetric(factor: Factor, size: number, depth: number): Matrix64 {
    const values = new Float64Array(size * size);
    multiply(factor, factor, size, size, depth, true, into(values, size));
    mirror(values, size);
    return { rows: size, columns: size, values };
  }

  return {
    crossProduct(left, right) {
      if (left.values === right.values) return symmetric(along(left), left.columns, left.rows);
      return createProducts64(multiply).cross(left, right);
    },
    combine(basis, coefficients, over) {
      const result = matrixOver(basis.rows, coefficients.columns, over);
      const { rows, columns, values } = result;
      const store = into(values, columns);
      multiply(across(basis), along(coefficients), rows, columns, basis.columns, false, store);
      return result;
    },
    subtract(target, basis, coefficients) {
      const { rows, columns, values } = target;
      const store = difference(values, values, columns);
      multiply(across(basis), along(coefficients), rows, columns, basis.columns, false, store);
      return target;
    },
    heldGram(rows) {
      const size = rowCount(rows);
      const values = new Float64Array(size * size);
      let row = 0;
      for (const [index, left] of rows.entries()) {
        let column = 0;
        for (const right of rows.slice(0, index + 1)) {
          const store = into(values, size, row, column);
          multiply(across(left), across(right), left.rows, right.rows, left.columns, false, store);
          column += right.rows;
        }
        row += left.rows;
      }
      mirror(values, size);
      return { rows: size, columns: size, values };
    },
    heldSweep(rows, block) {
      const columns = rows[0].columns;
      const width = block.columns;
      const sums = new Float64Array(columns * width);
      let row = 0;
      for (const held of rows) {
        const part = { ...block, values: block.values.subarray(row * width) };
        multiply(along(held), along(part), columns, width, held.rows, false, addedTo(sums, width));
        row += held.rows;
      }
      const product = sharedMatrix(columns, width);
      product.values.set(sums);
      const backProduct = sharedMatrix(block.rows, width);
      row = 0;
      for (const held of rows) {
        const store = into(backProduct.values, width, row);
        multiply(across(held), along(product), held.rows, width, columns, false, store);
        row += held.rows;
      }
      return { product, backProduct };
    },
    gram64(rows, side) {
      return side === "rows"
        ? symmetric(across(rows), rows.rows, rows.columns)
        : symmetric(along(rows), rows.columns, rows.rows);
    },
    coordinates(basis, vectors) {
      const [rows, columns] = [vectors.rows, basis.rows];
      const values = new Float64Array(rows * columns);
      multiply(across(vectors), across(basis), rows, columns, basis.columns, false, into(values, columns));
      return { rows, columns, values };
    },
    remainder(vectors, basis, coordinates) {
      const { rows, columns } = vectors;
      const values = new Float64Array(rows * columns);
      const store = difference(values, vectors.values, columns);
      multiply(across(coordinates), along(basis), rows, columns, basis.rows, false, store);
      return { rows, columns, values };
    },
  };
}

export function createProducts64(
  multiply: Multiplier,
): Products64 & { cross(left: Matrix | Matrix64, right: Matrix | Matrix64): Matrix64 } {
  return {
    cross(left, right) {
      const values = new Float64Array(left.columns * right.columns);
      const store = into(values, right.columns);
      multiply(along(left), along(right), left.columns, right.columns, left.rows, false, store);
      return { rows: left.columns, columns: right.columns, values };
    },
    times(left, right) {
      const values = new Float64Array(left.rows * right.columns);
      const store = into(values, right.columns);
      multiply(across(left), along(right), left.rows, right.columns, left.columns, false, store);
      return { rows: left.rows, columns: right.columns, values };
    },
    subtractFrom(target, basis, coefficients) {
      const { rows, columns, values } = target;
      const store = difference(values, values, columns);
      multiply(across(basis), along(coefficients), rows, columns, basis.columns, false, store);
    },
  };
}
