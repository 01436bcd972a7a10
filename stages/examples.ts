import type { Table } from "apache-arrow";
import type { Matrix } from "../engine/engine.js";
import { type Split, splits } from "../schemas/columns.js";
import { examplesTable, type LabelNoise } from "../schemas/tables/examples.js";

/** The examples of one split, in the order of the table. */
export interface Examples {
  readonly split: Split;
  readonly ids: Int32Array;
  /** n × d. */
  readonly features: Matrix;
  /** Given labels, length n, 0 … K − 1. */
  readonly labels: Int32Array;
  /** Labels before noise, length n. */
  readonly cleanLabels: Int32Array;
}

/** An examples table as arrays. */
export interface ExampleSet {
  /** Shape of one input: [height, width, channels] or [d]. */
  readonly shape: readonly number[];
  /** Names of the K classes; absent when K is the network's output. */
  readonly classes: readonly string[] | undefined;
  readonly noise: LabelNoise | undefined;
  /** A split without examples is absent. */
  readonly train: Examples | undefined;
  readonly test: Examples | undefined;
}

/**
 * Reads an examples table. Arrays are views of the table where the rows of a split follow each other in one chunk (as
 * every stage of ours sends them), else copies in shared memory. Row order is the table's.
 */
export function readExamples(table: Table): ExampleSet {
  const { schema } = table;
  const field = schema.fields.find((candidate) => candidate.name === "features");
  const shape = JSON.parse(field?.metadata.get("shape") ?? `[${field?.type.listSize ?? 0}]`) as number[];
  const classes = schema.metadata.get("classes");
  const noise = schema.metadata.get("noise");
  const columns = examplesTable(shape).read(table);
  const [train, test] = splits.map((split) => splitOf(columns, split));
  return {
    shape,
    classes: classes === undefined ? undefined : (JSON.parse(classes) as string[]),
    noise: noise === undefined ? undefined : (JSON.parse(noise) as LabelNoise),
    train,
    test,
  };
}

/** K: the number of class names, or without them the largest given or clean label + 1. */
export function classCount(set: ExampleSet): number {
  if (set.classes !== undefined) return set.classes.length;
  let largest = -1;
  for (const part of [set.train, set.test]) {
    for (const label of part?.labels ?? []) largest = Math.max(largest, label);
    for (const label of part?.cleanLabels ?? []) largest = Math.max(largest, label);
  }
  return largest + 1;
}

type Columns = ReturnType<ReturnType<typeof examplesTable>["read"]>;

function splitOf(columns: Columns, split: Split): Examples | undefined {
  const rows: number[] = [];
  columns.split.forEach((name, row) => {
    if (name === split) rows.push(row);
  });
  if (rows.length === 0) return undefined;
  const d = columns.features.length / columns.length;
  const first = rows[0];
  const end = rows[rows.length - 1] + 1;
  if (end - first === rows.length) {
    return {
      split,
      ids: columns.id.subarray(first, end),
      features: { rows: rows.length, columns: d, values: columns.features.subarray(first * d, end * d) },
      labels: columns.label.subarray(first, end),
      cleanLabels: columns.clean_label.subarray(first, end),
    };
  }
  const values = new Float32Array(new SharedArrayBuffer(rows.length * d * 4));
  rows.forEach((row, index) => {
    values.set(columns.features.subarray(row * d, (row + 1) * d), index * d);
  });
  return {
    split,
    ids: Int32Array.from(rows, (row) => columns.id[row]),
    features: { rows: rows.length, columns: d, values },
    labels: Int32Array.from(rows, (row) => columns.label[row]),
    cleanLabels: Int32Array.from(rows, (row) => columns.clean_label[row]),
  };
}
