import { columnsOf } from "./columns.js";
import { withFewCrossings } from "./crossings.js";
import { layersOf, type Sketch } from "./layers.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A rectangle by its left upper corner. */
export interface Rectangle extends Point {
  readonly width: number;
  readonly height: number;
}

/** Where everything of a sketch stands; nothing overlaps, and all of it is between 0 and `width`, 0 and `height`. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Rectangle[];
  readonly labels: readonly Rectangle[];
  /** By edge: points it goes through, the ends on its boxes; straight down within rows, bent between them. */
  readonly lines: readonly (readonly Point[])[];
}

export const boxHeight = 46;
export const labelHeight = 18;
const portStep = 18;
const [smallestGap, largestGap] = [18, 56];

/** The width a box needs so that its edges can end on it side by side. */
export const widthForPorts = (edges: number): number => edges * portStep + 8;

/** Lays boxes out in rows, every one below those it reads from, with the labels of edges in rows of their own. */
export function layOut(sketch: Sketch): Layout {
  const layers = withFewCrossings(layersOf(sketch));
  const { cells, rows, chains, above, below } = layers;
  const columns = columnsOf(layers);
  const left = Math.min(0, ...cells.map(({ width }, cell) => columns[cell] - width / 2));
  const middles = columns.map((column) => column - left);

  const tops: number[] = [];
  let height = 0;
  for (const [row, members] of rows.entries()) {
    tops.push(height);
    const steepest = Math.max(
      0,
      ...members.flatMap((cell) => below[cell].map((other) => Math.abs(middles[other] - middles[cell]))),
    );
    height += row % 2 === 0 ? boxHeight : labelHeight;
    if (row < rows.length - 1) height += Math.min(largestGap, Math.max(smallestGap, steepest / 4));
  }
  const rowOf = new Array<number>(cells.length).fill(0);
  for (const [row, members] of rows.entries()) for (const cell of members) rowOf[cell] = row;
  const heightOf = (cell: number) => (rowOf[cell] % 2 === 0 ? boxHeight : labelHeight);

  const rectangle = (cell: number): Rectangle => ({
    x: middles[cell] - cells[cell].width / 2,
    y: tops[rowOf[cell]],
    width: cells[cell].width,
    height: heightOf(cell),
  });
  const port = (box: number, neighbours: readonly number[], neighbour: number) => {
    const sorted = [...neighbours].sort((one, other) => middles[one] - middles[other] || one - other);
    return middles[box] + (sorted.indexOf(neighbour) - (sorted.length - 1) / 2) * portStep;
  };
  const lines = chains.map((chain) => {
    const [from, to] = [chain[0], chain[chain.length - 1]];
    return [
      { x: port(from, below[from], chain[1]), y: tops[rowOf[from]] + boxHeight },
      ...chain.slice(1, -1).flatMap((cell) => [
        { x: middles[cell], y: tops[rowOf[cell]] },
        { x: middles[cell], y: tops[rowOf[cell]] + heightOf(cell) },
      ]),
      { x: port(to, above[to], chain[chain.length - 2]), y: tops[rowOf[to]] },
    ];
  });
  const labelOf = (chain: readonly number[]) => chain.find((cell) => cells[cell].kind === "label")!;
  return {
    width: Math.max(0, ...cells.map(({ width }, cell) => middles[cell] + width / 2)),
    height,
    boxes: sketch.boxes.map((_, box) => rectangle(box)),
    labels: chains.map((chain) => rectangle(labelOf(chain))),
    lines,
  };
}
