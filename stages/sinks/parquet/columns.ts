import { type Data, DataType, type Field, type RecordBatch, type Vector } from "apache-arrow";
import type { ColumnSource } from "hyparquet-writer";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
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

function columnValues(table: string, field: Field, index: number, range: RowRange): unknown[] {
  const vector = range.batch.getChildAt(index) as Vector;
  const column = columnOf(range.batch, index);
  if (isNumberList(field.type) && vector.nullCount === 0 && column.children[0].nullCount === 0) {
    return lists(column, range.from, range.to);
  }
  const found = values(vector, range).map((value) =>
    value !== null && typeof value === "object" ? Array.from(value as Iterable<unknown>) : value,
  );
  if (vector.nullCount === 0 && !isNumberList(field.type)) return found;
  const missing = found.findIndex((value) => isMissing(field, value));
  if (missing !== -1) throw sinkErrors.missingValue(table, field.name, range.from + missing);
  return found;
}

/** Whether a value, or an item of it, is null and may not be: the Parquet writer would take some of them for 0. */
function isMissing(field: Field, value: unknown): boolean {
  if (value === null) return !field.nullable;
  return Array.isArray(value) && !(field.type.children[0] as Field).nullable && value.includes(null);
}

/** A column as the Parquet writer takes it. */
export function columnSource(name: string, data: unknown[], isList: boolean): ColumnSource {
  // A dictionary of floats that differ costs five times the encoding and saves nothing.
  if (isList) return { name, data, encoding: "PLAIN", statistics: false };
  // The writer's dictionary takes -0 for 0.
  return data.some((value) => Object.is(value, -0)) ? { name, data, encoding: "PLAIN" } : { name, data };
}

/** The rows of the ranges, one after the other, as the Parquet writer takes them. MISSING_VALUE. */
export function columnSources(table: string, ranges: readonly RowRange[]): ColumnSource[] {
  const fields = ranges[0].batch.schema.fields;
  return fields.map((field, index) => {
    const data = ranges.flatMap((range) => columnValues(table, field, index, range));
    return columnSource(field.name, data, isNumberList(field.type));
  });
}
