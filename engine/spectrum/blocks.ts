import { setImmediate } from "node:timers/promises";
import type { Matrix, Matrix64 } from "../engine.js";
import type { RandomSource } from "../random.js";
import { sharedMatrix } from "./products.js";

/** Elements handled between two turns of the event loop: some ten milliseconds of work. */
const slice = 1 << 19;

/** Calls `handle` for consecutive ranges of 0 … length and lets the event loop turn between them. */
async function inSlices(length: number, handle: (start: number, end: number) => void): Promise<void> {
  for (let start = 0; start < length; start += slice) {
    handle(start, Math.min(length, start + slice));
    if (start + slice < length) await setImmediate();
  }
}

/** A matrix of independent standard normals, row after row, in shared memory. */
export async function gaussianMatrix(random: RandomSource, rows: number, columns: number): Promise<Matrix> {
  const matrix = sharedMatrix(rows, columns);
  await inSlices(matrix.values.length, (start, end) => {
    for (let index = start; index < end; index += 1) matrix.values[index] = random.normal();
  });
  return matrix;
}

/** Takes normals from a source that somebody else has used already. */
export async function skipNormals(random: RandomSource, count: number): Promise<void> {
  await inSlices(count, (start, end) => {
    for (let index = start; index < end; index += 1) random.normal();
  });
}

/** The float64 copy of a matrix, in shared memory. */
export async function widened(matrix: Matrix): Promise<Matrix64> {
  const values = new Float64Array(new SharedArrayBuffer(8 * matrix.values.length));
  await inSlices(values.length, (start, end) => values.set(matrix.values.subarray(start, end), start));
  return { rows: matrix.rows, columns: matrix.columns, values };
}

/** The float32 rounding of a matrix, in shared memory. */
export async function rounded(matrix: Matrix64): Promise<Matrix> {
  const result = sharedMatrix(matrix.rows, matrix.columns);
  await inSlices(matrix.values.length, (start, end) =>
    result.values.set(matrix.values.subarray(start, end), start),
  );
  return result;
}

/** [A_0, A_1, …]: matrices of equally many rows side by side, in shared memory. */
export async function besideEachOther(blocks: readonly Matrix[]): Promise<Matrix> {
  if (blocks.length === 1) return blocks[0];
  const rows = blocks[0].rows;
  const columns = blocks.reduce((count, block) => count + block.columns, 0);
  const result = sharedMatrix(rows, columns);
  const rowsOfSlice = Math.max(1, Math.floor(slice / columns));
  for (let first = 0; first < rows; first += rowsOfSlice) {
    for (let row = first; row < Math.min(rows, first + rowsOfSlice); row += 1) {
      let to = row * columns;
      for (const block of blocks) {
        result.values.set(block.values.subarray(row * block.columns, (row + 1) * block.columns), to);
        to += block.columns;
      }
    }
    if (first + rowsOfSlice < rows) await setImmediate();
  }
  return result;
}

/** The columns `first … first + count − 1` of a matrix as one of their own. */
export function columnRange(matrix: Matrix, first: number, count: number): Matrix {
  if (first === 0 && count === matrix.columns) return matrix;
  const result = sharedMatrix(matrix.rows, count);
  for (let row = 0; row < matrix.rows; row += 1) {
    const from = row * matrix.columns + first;
    result.values.set(matrix.values.subarray(from, from + count), row * count);
  }
  return result;
}

/** The rows `first … first + count − 1` of a matrix, a view. */
export function rowRange<Rows extends Matrix | Matrix64>(matrix: Rows, first: number, count: number): Rows {
  const values = matrix.values.subarray(first * matrix.columns, (first + count) * matrix.columns);
  return { ...matrix, rows: count, values } as Rows;
}

/** Aᵀ, rounded nowhere; in strips of columns, so that the event loop turns. */
export async function transposed(matrix: Matrix): Promise<Matrix> {
  const { rows, columns, values } = matrix;
  const result = sharedMatrix(columns, rows);
  const columnsOfSlice = Math.max(1, Math.floor(slice / rows));
  for (let first = 0; first < columns; first += columnsOfSlice) {
    for (let column = first; column < Math.min(columns, first + columnsOfSlice); column += 1) {
      for (let row = 0; row < rows; row += 1)
        result.values[column * rows + row] = values[row * columns + column];
    }
    if (first + columnsOfSlice < columns) await setImmediate();
  }
  return result;
}
