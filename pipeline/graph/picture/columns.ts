import type { Layers } from "./layers.js";

const sweeps = 24;
const boxGap = 26;
const edgeGap = 12;

/** The middle of every cell: near those it is linked to, in the order of its row, with room between neighbours. */
export function columnsOf({ cells, rows, above, below }: Layers): readonly number[] {
  const middles = new Array<number>(cells.length).fill(0);
  const gap = (left: number, right: number) =>
    (cells[left].width + cells[right].width) / 2 +
    (cells[left].kind === "box" && cells[right].kind === "box" ? boxGap : edgeGap);
  const offsets = rows.map((row) => {
    const offset = [0];
    for (let at = 1; at < row.length; at += 1) offset.push(offset[at - 1] + gap(row[at - 1], row[at]));
    return offset;
  });
  for (const [at, row] of rows.entries()) {
    const half = offsets[at][row.length - 1] / 2;
    for (const [index, cell] of row.entries()) middles[cell] = offsets[at][index] - half;
  }
  // A long edge that bends at every row is harder to follow than one slanted link: within an edge links pull harder.
  const pull = (cell: number, other: number) =>
    cells[cell].kind === "box" || cells[other].kind === "box" ? 1 : 6;
  for (let sweep = 0; sweep < 2 * sweeps; sweep += 1) {
    const down = sweep % 2 === 0;
    for (let step = 0; step < rows.length; step += 1) {
      const at = down ? step : rows.length - 1 - step;
      const wishes = rows[at].map((cell) => {
        // One side first, so that what belongs together moves together; then both, for balance.
        const near = sweep >= sweeps ? [...above[cell], ...below[cell]] : (down ? above : below)[cell];
        let weight = 0;
        let sum = 0;
        for (const other of near) {
          weight += pull(cell, other);
          sum += pull(cell, other) * middles[other];
        }
        return weight === 0 ? { wish: middles[cell], weight: 0.1 } : { wish: sum / weight, weight };
      });
      const placed = inOrder(wishes, offsets[at]);
      for (const [index, cell] of rows[at].entries()) middles[cell] = placed[index];
    }
  }
  return middles;
}

interface Wish {
  readonly wish: number;
  readonly weight: number;
}

/**
 * The places nearest to what is wished (least squares) with at least the room that `offsets` have between neighbours: an
 * isotonic regression, in which neighbours that would come too near move as one block.
 */
function inOrder(wishes: readonly Wish[], offsets: readonly number[]): readonly number[] {
  const blocks: { sum: number; weight: number; count: number }[] = [];
  for (const [index, { wish, weight }] of wishes.entries()) {
    blocks.push({ sum: (wish - offsets[index]) * weight, weight, count: 1 });
    while (blocks.length > 1) {
      const right = blocks[blocks.length - 1];
      const left = blocks[blocks.length - 2];
      if (left.sum / left.weight <= right.sum / right.weight) break;
      left.sum += right.sum;
      left.weight += right.weight;
      left.count += right.count;
      blocks.pop();
    }
  }
  const starts = blocks.flatMap(({ sum, weight, count }) => new Array<number>(count).fill(sum / weight));
  return starts.map((start, index) => start + offsets[index]);
}
