import type { Layers } from "./layers.js";

const sweeps = 16;

/** The rows reordered so that few links cross: each row by the mean place of its neighbours, down and up in turn. */
export function withFewCrossings(layers: Layers): Layers {
  let rows = layers.rows.map((row) => [...row]);
  const places = new Array<number>(layers.cells.length).fill(0);
  const place = () => {
    for (const row of rows) for (const [at, cell] of row.entries()) places[cell] = at;
  };
  place();
  let best = { rows, crossings: crossings(layers, rows, places) };
  for (let sweep = 0; sweep < sweeps && best.crossings > 0; sweep += 1) {
    const down = sweep % 2 === 0;
    const neighbours = down ? layers.above : layers.below;
    rows = [...rows];
    for (let step = 1; step < rows.length; step += 1) {
      const at = down ? step : rows.length - 1 - step;
      rows[at] = byMeanPlace(rows[at], neighbours, places);
      for (const [index, cell] of rows[at].entries()) places[cell] = index;
    }
    const found = crossings(layers, rows, places);
    if (found < best.crossings) best = { rows, crossings: found };
  }
  return { ...layers, rows: best.rows };
}

/** Cells without neighbours keep their place. */
function byMeanPlace(
  row: readonly number[],
  neighbours: readonly (readonly number[])[],
  places: readonly number[],
): number[] {
  const keyed = row.map((cell, index) => {
    const near = neighbours[cell];
    const mean = near.reduce((total, other) => total + places[other], 0) / near.length;
    return { cell, key: near.length === 0 ? index : mean, index };
  });
  return keyed
    .sort((left, right) => left.key - right.key || left.index - right.index)
    .map(({ cell }) => cell);
}

/** Pairs of links that cross, by a count of inversions in a Fenwick tree. */
function crossings(layers: Layers, rows: readonly (readonly number[])[], places: readonly number[]): number {
  let total = 0;
  for (const [at, row] of rows.entries()) {
    const width = rows[at + 1]?.length ?? 0;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const cell of row) {
      const ends = layers.below[cell].map((other) => places[other]);
      for (const end of ends) {
        let before = 0;
        for (let node = end + 1; node > 0; node -= node & -node) before += tree[node];
        total += seen - before;
      }
      // Links of one cell do not cross each other.
      for (const end of ends) {
        for (let node = end + 1; node <= width; node += node & -node) tree[node] += 1;
        seen += 1;
      }
    }
  }
  return total;
}
