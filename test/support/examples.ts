import type { RecordBatch } from "apache-arrow";
import type { Split } from "../../schemas/columns.js";
import { examplesTable } from "../../schemas/tables/examples.js";

/** What {@link examplesBatch} makes its rows from; ids count from 0 in each split. */
export interface ExampleRows {
  readonly train: readonly number[];
  readonly test?: readonly number[];
  readonly classes?: readonly string[];
  readonly shape?: readonly number[];
  /** Feature `place` of row `row`. Default: a little pattern. */
  readonly feature?: (row: number, place: number) => number;
}

/** An examples batch with these labels, clean ones the same, train before test. */
export function examplesBatch({ train, test = [], classes, shape = [2], feature }: ExampleRows): RecordBatch {
  const labels = [...train, ...test];
  const d = shape.reduce((product, side) => product * side, 1);
  const features = new Float32Array(new SharedArrayBuffer(labels.length * d * 4));
  const value = feature ?? ((row, place) => Math.sin(row * d + place));
  for (let at = 0; at < features.length; at += 1) features[at] = value(Math.floor(at / d), at % d);
  const label = Int32Array.from(labels);
  return examplesTable(shape, classes === undefined ? {} : { classes }).batch(
    {
      id: [...train.keys(), ...test.keys()],
      split: labels.map((_, row): Split => (row < train.length ? "train" : "test")),
      features,
      label,
      clean_label: label,
    },
    labels.length,
  );
}
