import { type Data, DataType, type Field, type RecordBatch, type Vector } from "apache-arrow";
import type { ColumnSource } from "hyparquet-writer";
import { isNumberList } from "./schema.js";

/** Rows from … to − 1 of a batch. */
export interface RowRange {
  readonly batch: RecordBatch;
  readonly from: number;
  readonly to: number;
}

/** Where the list of each row lies in the values below it: row r is values[start(r) … start(r + 1)). */
function listStarts(data: Data): (row: number) => number {
  if (DataType.isFixedSizeList(data.type)) {
    const size = data.type.listSize;
    return (row) => row * size;
  }
  const offsets = data.valueOffsets;
  return (row) => offsets[row];
}

function columnOf(batch: RecordBatch, index: number): Data {
  return batch.data.children[index] as Data;
}

/** How many values a row of the batch has: one a column, and as many as the list is long for a list. */
export function valueCounter(batch: RecordBatch): (row: number) => number {
  const lists = batch.schema.fields.flatMap((field, index) =>
    isNumberList(field.type) ? [listStarts(columnOf(batch, index))] : [],
  );
  const columns = batch.schema.fields.length;
  return (row) => lists.reduce((count, start) => count + start(row + 1) - start(row), columns);
}

/** Plain arrays, one a row: the Parquet writer takes no typed arrays in lists. */
function lists(data: Data, from: number, to: number): (number | bigint)[][] {
  const start = listStarts(data);
  const values = (data.children[0] as Data).values as Float32Array;
  const rows = new Array<(number | bigint)[]>(to - from);
  for (let row = from; row < to; row++) {
    const first = start(row);
    const list = new Array<number | bigint>(start(row + 1) - first);
    for (let at = 0; at < list.length; at++) list[at] = values[first + at];
    rows[row - from] = list;
  }
  return rows;
}

function values(vector: Vector, range: RowRange): unknown[] {
  const found = new Array<unknown>(range.to - range.from);
  for (let row = range.from; row < range.to; row++) {
    const value: unknown = vector.get(row);
    found[row - range.from] = value;
  }
  return found;
}

function columnValues(field: Field, index: number, range: RowRange): unknown[] {
  const vector = range.batch.getChildAt(index) as Vector;
  if (isNumberList(field.type) && vector.nullCount === 0) {
    return lists(columnOf(range.batch, index), range.from, range.to);
  }
  return values(vector, range).map((value) =>
    value !== null && typeof value === "object" ? Array.from(value as Iterable<unknown>) : value,
  );
}

/** A column as the Parquet writer takes it. */
export function columnSource(name: string, data: unknown[], isList: boolean): ColumnSource {
  // A dictionary of floats that differ costs five times the encoding and saves nothing.
  if (isList) return { name, data, encoding: "PLAIN", statistics: false };
  // The writer's dictionary takes -0 for 0.
  return data.some((value) => Object.is(value, -0)) ? { name, data, encoding: "PLAIN" } : { name, data };
}

/** The rows of the ranges, one after the other, as the Parquet writer takes them. */
export function columnSources(ranges: readonly RowRange[]): ColumnSource[] {
  const fields = ranges[0].batch.schema.fields;
  return fields.map((field, index) => {
    const data = ranges.flatMap((range) => columnValues(field, index, range));
    return columnSource(field.name, data, isNumberList(field.type));
  });
}
