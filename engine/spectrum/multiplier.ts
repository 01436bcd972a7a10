import { createKernel, panelWidth } from "./kernel.js";

type Values = Float32Array | Float64Array;

/** One factor of a product. `depth` is the dimension summed over. */
export interface Factor {
  readonly values: Values;
  /** Length of a stored row. */
  readonly stride: number;
  /** Whether a stored row runs along the depth (`across`) or is one step of it (`along`). */
  readonly depth: "across" | "along";
}

/** Called for every finished tile of the result: sums[i·tileStride + j] belongs at (row + i, column + j). */
export type StoreTile = (
  sums: Float64Array,
  tileStride: number,
  row: number,
  rows: number,
  column: number,
  columns: number,
) => void;

/** Multiplies left (rows × depth) by right (depth × columns); with `lowerOnly` tiles above the diagonal are left out. */
export type Multiplier = (
  left: Factor,
  right: Factor,
  rows: number,
  columns: number,
  depth: number,
  lowerOnly: boolean,
  store: StoreTile,
) => void;

const tileDepth = 256;
const tileRows = 128;
const tileColumns = 256;

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
 * A matrix product with scratch memory of its own (about 1 MB): factors are packed into float64 panels tile by tile,
 * multiplied by the kernel, and every tile of sums is handed over once. All sums are in float64 and in a fixed order.
 */
export function createMultiplier(): Multiplier {
  const doubles = Float64Array.BYTES_PER_ELEMENT;
  const leftBytes = tileRows * tileDepth * doubles;
  const rightBytes = tileColumns * tileDepth * doubles;
  const sumsAddress = leftBytes + rightBytes;
  const kernel = createKernel(sumsAddress + tileRows * tileColumns * doubles);
  const leftPanels = new Float64Array(kernel.buffer, 0, tileRows * tileDepth);
  const rightPanels = new Float64Array(kernel.buffer, leftBytes, tileColumns * tileDepth);
  const sums = new Float64Array(kernel.buffer, sumsAddress, tileRows * tileColumns);

  return function multiply(
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
  };
}
