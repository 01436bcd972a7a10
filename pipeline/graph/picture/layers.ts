/** What is laid out: boxes, and edges from box to box (by index) with a label on each. The edges make no circle. */
export interface Sketch {
  /** Widths of the boxes. */
  readonly boxes: readonly number[];
  readonly edges: readonly { readonly from: number; readonly to: number; readonly labelWidth: number }[];
}

/** A place in a row: a box, the label of an edge, or where an edge only passes. */
export interface Cell {
  readonly kind: "box" | "label" | "bend";
  readonly width: number;
}

/** Rows of cells, and links between cells of neighbouring rows. Boxes stand in even rows, labels in odd ones. */
export interface Layers {
  readonly cells: readonly Cell[];
  /** Indices of cells, from left to right. */
  readonly rows: readonly (readonly number[])[];
  /** By cell: those it is linked to in the row above and below. */
  readonly above: readonly (readonly number[])[];
  readonly below: readonly (readonly number[])[];
  /** By edge: its cells from box to box. */
  readonly chains: readonly (readonly number[])[];
}

const bendWidth = 6;

/** Ranks boxes by the longest way to them, and puts a cell into every row that an edge passes; one holds its label. */
export function layersOf({ boxes, edges }: Sketch): Layers {
  const ranks = ranksOf(boxes.length, edges);
  const cells: Cell[] = boxes.map((width) => ({ kind: "box", width }));
  const rows: number[][] = Array.from({ length: 2 * Math.max(-1, ...ranks) + 1 }, () => []);
  for (const [box, rank] of ranks.entries()) rows[2 * rank].push(box);
  const above: number[][] = boxes.map(() => []);
  const below: number[][] = boxes.map(() => []);
  const chains = edges.map(({ from, to, labelWidth }) => {
    const first = 2 * ranks[from] + 1;
    const last = 2 * ranks[to] - 1;
    // An odd row near the middle.
    const labelRow = first + 2 * Math.floor((last - first) / 4);
    const chain = [from];
    for (let row = first; row <= last; row += 1) {
      const isLabel = row === labelRow;
      cells.push({ kind: isLabel ? "label" : "bend", width: isLabel ? labelWidth : bendWidth });
      above.push([]);
      below.push([]);
      rows[row].push(cells.length - 1);
      chain.push(cells.length - 1);
    }
    chain.push(to);
    for (let step = 1; step < chain.length; step += 1) {
      below[chain[step - 1]].push(chain[step]);
      above[chain[step]].push(chain[step - 1]);
    }
    return chain;
  });
  return { cells, rows, above, below, chains };
}

/** The longest way to each box; one that nothing leads to stands right above the first that reads from it. */
function ranksOf(count: number, edges: Sketch["edges"]): readonly number[] {
  const ranks = new Array<number>(count).fill(0);
  const waiting = new Array<number>(count).fill(0);
  const outgoing: number[][] = Array.from({ length: count }, () => []);
  for (const { from, to } of edges) {
    outgoing[from].push(to);
    waiting[to] += 1;
  }
  const isSource = waiting.map((sources) => sources === 0);
  const ready = [...isSource.keys()].filter((box) => isSource[box]);
  for (let box = ready.shift(); box !== undefined; box = ready.shift()) {
    for (const to of outgoing[box]) {
      ranks[to] = Math.max(ranks[to], ranks[box] + 1);
      waiting[to] -= 1;
      if (waiting[to] === 0) ready.push(to);
    }
  }
  return ranks.map((rank, box) =>
    isSource[box] && outgoing[box].length > 0 ? Math.min(...outgoing[box].map((to) => ranks[to])) - 1 : rank,
  );
}
