import type { Matrix, Matrix64 } from "../engine.js";
import { createKernel, panelWidth } from "./kernel.js";

type Values = Float32Array | Float64Array;

/** One factor of a product. `depth` is the dimension summed over. */
interface Factor {
  readonly values: Values;
  /** Length of a stored row. */
  readonly stride: number;
  /** Whether a stored row runs along the depth (`across`) or is one step of it (`along`). */
  readonly depth: "across" | "along";
}

/** Called for every finished tile of the result: sums[i·tileStride + j] belongs at (row + i, column + j). */
type StoreTile = (
  sums: Float64Array,
  tileStride: number,
  row: number,
  rows: number,
  column: number,
  columns: number,
) => void;

/** The synchronous products of `LinearAlgebra`, all sums in float64 and in one fixed order. */
export interface Products {
  /** AᵀB: A m × a, B m × b → a × b. Half the work when both are the same array. */
  crossProduct(left: Matrix, right: Matrix): Matrix64;
  /** A·C rounded to float32: A m × a, C a × b → m × b. */
  combine(basis: Matrix, coefficients: Matrix64): Matrix;
  /** B − A·C rounded to float32 once: B m × b, A m × a, C a × b → m × b. */
  subtract(target: Matrix, basis: Matrix, coefficients: Matrix64): Matrix;
  /** A Aᵀ (`rows`) or AᵀA (`columns`) of float64 rows. Exactly symmetric. */
  gram64(rows: Matrix64, side: "rows" | "columns"): Matrix64;
}

const tileDepth = 256;
const tileRows = 128;
const tileColumns = 256;

/** A float32 matrix of zeros that worker threads can share. */
export function sharedMatrix(rows: number, columns: number): Matrix {
  const bytes = rows * columns * Float32Array.BYTES_PER_ELEMENT;
  return { rows, columns, values: new Float32Array(new SharedArrayBuffer(bytes)) };
}

/**
 * Packs `count` lines × `depth` steps into panels of four lines, converting to float64 and padding the last panel
 * with zeros. Lines are columns of the stored matrix when the depth is `along`, its rows when `across`.
 */
function pack(
  factor: Factor,
  line: number,
  count: number,
  step: number,
  depth: number,
  panels: Float64Array,
): void {
  const { values, stride } = factor;
  const lineStride = factor.depth === "along" ? 1 : stride;
  const stepStride = factor.depth === "along" ? stride : 1;
  for (let first = 0; first < count; first += panelWidth) {
    let to = first * depth;
    let from = (line + first) * lineStride + step * stepStride;
    const filled = Math.min(panelWidth, count - first);
    if (filled === panelWidth) {
      for (let k = 0; k < depth; k += 1) {
        panels[to] = values[from];
        panels[to + 1] = values[from + lineStride];
        panels[to + 2] = values[from + 2 * lineStride];
        panels[to + 3] = values[from + 3 * lineStride];
        to += panelWidth;
        from += stepStride;
      }
    } else {
      for (let k = 0; k < depth; k += 1) {
        for (let q = 0; q < panelWidth; q += 1) {
          panels[to + q] = q < filled ? values[from + q * lineStride] : 0;
        }
        to += panelWidth;
        from += stepStride;
      }
    }
  }
}

/**
 * Dense products with scratch memory of their own (about 1 MB). One inner loop serves all: factors are packed into
 * float64 panels tile by tile, multiplied by the kernel, and every tile of sums is handed over once.
 */
export function createProducts(): Products {
  const doubles = Float64Array.BYTES_PER_ELEMENT;
  const leftBytes = tileRows * tileDepth * doubles;
  const rightBytes = tileColumns * tileDepth * doubles;
  const sumsAddress = leftBytes + rightBytes;
  const kernel = createKernel(sumsAddress + tileRows * tileColumns * doubles);
  const leftPanels = new Float64Array(kernel.buffer, 0, tileRows * tileDepth);
  const rightPanels = new Float64Array(kernel.buffer, leftBytes, tileColumns * tileDepth);
  const sums = new Float64Array(kernel.buffer, sumsAddress, tileRows * tileColumns);

  function multiply(
    left: Factor,
    right: Factor,
    rows: number,
    columns: number,
    depth: number,
    lowerOnly: boolean,
    store: StoreTile,
  ): void {
    for (let row = 0; row < rows; row += tileRows) {
      const rowCount = Math.min(tileRows, rows - row);
      const columnEnd = lowerOnly ? Math.min(columns, row + rowCount) : columns;
      for (let column = 0; column < columnEnd; column += tileColumns) {
        const columnCount = Math.min(tileColumns, columnEnd - column);
        const rightCount = Math.ceil(columnCount / panelWidth);
        const tileStride = rightCount * panelWidth;
        sums.fill(0);
        for (let step = 0; step < depth; step += tileDepth) {
          const steps = Math.min(tileDepth, depth - step);
          pack(left, row, rowCount, step, steps, leftPanels);
          pack(right, column, columnCount, step, steps, rightPanels);
          const leftCount = Math.ceil(rowCount / panelWidth);
          kernel.multiplyPanels(
            0,
            leftBytes,
            sumsAddress,
            steps,
            leftCount,
            rightCount,
            tileStride * doubles,
          );
        }
        store(sums, tileStride, row, rowCount, column, columnCount);
      }
    }
  }

  function product64(
    left: Factor,
    right: Factor,
    rows: number,
    columns: number,
    depth: number,
    symmetric: boolean,
  ): Matrix64 {
    const values = new Float64Array(rows * columns);
    multiply(left, right, rows, columns, depth, symmetric, (tile, tileStride, row, height, column, width) => {
      for (let i = 0; i < height; i += 1) {
        const from = i * tileStride;
        values.set(tile.subarray(from, from + width), (row + i) * columns + column);
      }
    });
    if (symmetric) mirrorLower(values, rows);
    return { rows, columns, values };
  }

  return {
    crossProduct(left, right) {
      const factor = (matrix: Matrix): Factor => ({
        values: matrix.values,
        stride: matrix.columns,
        depth: "along",
      });
      const symmetric = left.values === right.values;
      return product64(factor(left), factor(right), left.columns, right.columns, left.rows, symmetric);
    },

    combine(basis, coefficients) {
      const result = sharedMatrix(basis.rows, coefficients.columns);
      const { values, columns } = result;
      multiply(
        { values: basis.values, stride: basis.columns, depth: "across" },
        { values: coefficients.values, stride: coefficients.columns, depth: "along" },
        basis.rows,
        columns,
        basis.columns,
        false,
        (tile, tileStride, row, height, column, width) => {
          for (let i = 0; i < height; i += 1) {
            const from = i * tileStride;
            values.set(tile.subarray(from, from + width), (row + i) * columns + column);
          }
        },
      );
      return result;
    },

    subtract(target, basis, coefficients) {
      const result = sharedMatrix(target.rows, target.columns);
      const { values, columns } = result;
      const old = target.values;
      multiply(
        { values: basis.values, stride: basis.columns, depth: "across" },
        { values: coefficients.values, stride: coefficients.columns, depth: "along" },
        target.rows,
        columns,
        basis.columns,
        false,
        (tile, tileStride, row, height, column, width) => {
          for (let i = 0; i < height; i += 1) {
            let to = (row + i) * columns + column;
            for (let from = i * tileStride; from < i * tileStride + width; from += 1) {
              values[to] = old[to] - tile[from];
              to += 1;
            }
          }
        },
      );
      return result;
    },

    gram64(rows, side) {
      const factor: Factor = {
        values: rows.values,
        stride: rows.columns,
        depth: side === "rows" ? "across" : "along",
      };
      const size = side === "rows" ? rows.rows : rows.columns;
      const depth = side === "rows" ? rows.columns : rows.rows;
      return product64(factor, factor, size, size, depth, true);
    },
  };
}

function mirrorLower(values: Float64Array, size: number): void {
  for (let row = 0; row < size; row += 1) {
    for (let column = row + 1; column < size; column += 1) {
      values[row * size + column] = values[column * size + row];
    }
  }
}
