import type { DuckDBAppender } from "@duckdb/node-api";
import { BIGINT, DOUBLE, FLOAT, INTEGER, LIST } from "@duckdb/node-api";
import { DataType, type Field, type RecordBatch, type Vector } from "apache-arrow";
import { duckdbErrors } from "./errors.js";

/** Appends the cell of a row. */
type Append = (appender: DuckDBAppender, row: number) => void;

/** One column of a table: its type in SQL, and how its cells are appended. */
export interface ColumnForm {
  readonly name: string;
  readonly sqlType: string;
  readonly of: (cells: Vector) => Append;
}

/** Lists of numbers: the type of an item, in SQL and for the appender. */
function listForm(item: DataType) {
  if (DataType.isFloat(item) && item.precision === 1) return { sqlType: "FLOAT[]", type: LIST(FLOAT) };
  if (DataType.isFloat(item) && item.precision === 2) return { sqlType: "DOUBLE[]", type: LIST(DOUBLE) };
  if (DataType.isInt(item) && item.isSigned)
    return item.bitWidth === 64
      ? { sqlType: "BIGINT[]", type: LIST(BIGINT) }
      : { sqlType: "INTEGER[]", type: LIST(INTEGER) };
  return undefined;
}

function cellForm(type: DataType): Omit<ColumnForm, "name"> | undefined {
  if (DataType.isUtf8(type) || (DataType.isDictionary(type) && DataType.isUtf8(type.dictionary))) {
    return { sqlType: "VARCHAR", of: (cells) => (to, row) => to.appendVarchar(String(cells.get(row))) };
  }
  if (DataType.isBool(type)) {
    return { sqlType: "BOOLEAN", of: (cells) => (to, row) => to.appendBoolean(Boolean(cells.get(row))) };
  }
  if (DataType.isFloat(type)) {
    if (type.precision === 2)
      return { sqlType: "DOUBLE", of: (cells) => (to, row) => to.appendDouble(cells.get(row)) };
    if (type.precision === 1)
      return { sqlType: "FLOAT", of: (cells) => (to, row) => to.appendFloat(cells.get(row)) };
  }
  if (DataType.isInt(type) && type.isSigned) {
    if (type.bitWidth === 64)
      return { sqlType: "BIGINT", of: (cells) => (to, row) => to.appendBigInt(cells.get(row)) };
    return { sqlType: "INTEGER", of: (cells) => (to, row) => to.appendInteger(cells.get(row)) };
  }
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const form = listForm((type.children[0] as Field).type);
    if (form === undefined) return undefined;
    const { sqlType, type: listType } = form;
    return {
      sqlType,
      of: (cells) => (to, row) =>
        to.appendList(Array.from(cells.get(row) as Iterable<number | bigint>), listType),
    };
  }
  return undefined;
}

/** The form of a column, null where a cell is. DUCKDB_COLUMN for a type that has none here. */
export function columnForm(field: Field, table: string): ColumnForm {
  const form = cellForm(field.type);
  if (form === undefined) throw duckdbErrors.column(table, field.name, String(field.type));
  const of = (cells: Vector): Append => {
    const append = form.of(cells);
    if (cells.nullCount === 0) return append;
    return (to, row) => (cells.get(row) === null ? to.appendNull() : append(to, row));
  };
  return { name: field.name, sqlType: form.sqlType, of };
}

/** How the rows of a batch are appended, cell after cell. */
export function rowAppender(forms: readonly ColumnForm[], batch: RecordBatch): Append {
  const appends = forms.map(({ name, of }) => of(batch.getChild(name)!));
  return (appender, row) => {
    for (const append of appends) append(appender, row);
  };
}
