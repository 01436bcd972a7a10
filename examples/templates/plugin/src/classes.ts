/** Predictions as arrays: row r has id r of its split and the outputs values[r·K … (r + 1)·K). */
export interface Predictions {
  readonly split: readonly string[];
  readonly id: Int32Array;
  readonly values: Float32Array;
}

/** The class with the largest of K outputs, the first of equals, of every example of a split, by id. */
export function predictedClasses(
  { split, id, values }: Predictions,
  outputCount: number,
  wanted: string,
): ReadonlyMap<number, number> {
  const classes = new Map<number, number>();
  split.forEach((name, row) => {
    if (name !== wanted) return;
    const outputs = values.subarray(row * outputCount, (row + 1) * outputCount);
    classes.set(id[row], outputs.indexOf(Math.max(...outputs)));
  });
  return classes;
}

/** Of the examples in both, the share whose class is another one; NaN when there are none in both. */
export function changedShare(before: ReadonlyMap<number, number>, now: ReadonlyMap<number, number>): number {
  const shared = [...now].filter(([id]) => before.has(id));
  return shared.filter(([id, predicted]) => before.get(id) !== predicted).length / shared.length;
}
