import { DataType, type Field, type Vector } from "apache-arrow";
import type { ColumnBuffer, Field as ParquetField } from "parquetjs-lite";
import { parquetjsErrors } from "./errors.js";

/** One column of a table: how Parquet declares it, and how its cells become values and levels. */
export interface ColumnForm {
  readonly name: string;
  readonly declaration: ParquetField;
  /** Its parts joined by commas: what the library calls the column. */
  readonly path: string;
  /** Appends the cells of rows from … to − 1. PARQUETJS_MISSING_VALUE. */
  readonly append: (cells: Vector, from: number, to: number, column: ColumnBuffer) => void;
}

/** The Parquet type of a number or truth value; undefined for what has none here. */
function numberType(type: DataType): string | undefined {
  if (DataType.isFloat(type)) return [undefined, "FLOAT", "DOUBLE"][type.precision];
  if (!DataType.isInt(type)) return undefined;
  if (type.bitWidth === 64) return type.isSigned ? "INT64" : undefined;
  return type.isSigned || type.bitWidth < 32 ? "INT32" : undefined;
}

function cellType(type: DataType): string | undefined {
  if (DataType.isBool(type)) return "BOOLEAN";
  const isText = DataType.isUtf8(type) || (DataType.isDictionary(type) && DataType.isUtf8(type.dictionary));
  return isText ? "UTF8" : numberType(type);
}

const isList = (type: DataType) => DataType.isList(type) || DataType.isFixedSizeList(type);

/**
 * The form of a column: text and dictionaries of text → UTF8, truth values → BOOLEAN, int64 → INT64, smaller integers →
 * INT32, float32 → FLOAT, float64 → DOUBLE, lists of numbers → LIST. Nullable where the Arrow field is. No statistics:
 * the library orders text by UTF-16 and takes NaN for a bound, by which a reader would pass over rows that match.
 * PARQUETJS_COLUMN otherwise.
 */
export function columnForm(field: Field, table: string, compression: string): ColumnForm {
  const { name, type, nullable } = field;
  const leaf = (leafType: string, optional: boolean) =>
    ({ type: leafType, optional, compression, statistics: false }) as const;
  if (isList(type)) {
    const [element] = type.children as Field[];
    const elementType = numberType(element.type);
    if (elementType !== undefined) {
      const list = { repeated: true, fields: { element: leaf(elementType, element.nullable) } };
      return {
        name,
        declaration: { type: "LIST", optional: nullable, fields: { list } },
        path: `${name},list,element`,
        append: listAppender(table, name, nullable, element.nullable),
      };
    }
  }
  const leafType = cellType(type);
  if (leafType === undefined) throw parquetjsErrors.column(table, name, String(type));
  return {
    name,
    declaration: leaf(leafType, nullable),
    path: name,
    append: cellAppender(table, name, nullable),
  };
}

/** Level 1 means the value is there, in a column where it may be missing. */
function cellAppender(table: string, name: string, nullable: boolean): ColumnForm["append"] {
  const present = nullable ? 1 : 0;
  return (cells, from, to, column) => {
    for (let row = from; row < to; row++) {
      const value: unknown = cells.get(row);
      if (value === null && !nullable) throw parquetjsErrors.missing(table, name, row);
      column.rlevels.push(0);
      column.dlevels.push(value === null ? 0 : present);
      if (value !== null) column.values.push(value);
    }
    column.count += to - from;
  };
}

/** Levels as Dremel has them; the library itself drops an empty list and all but one element of a typed array. */
function listAppender(
  table: string,
  name: string,
  nullable: boolean,
  nullableElements: boolean,
): ColumnForm["append"] {
  const empty = nullable ? 1 : 0;
  const missingElement = empty + 1;
  const present = missingElement + (nullableElements ? 1 : 0);
  return (cells, from, to, column) => {
    const { values, rlevels, dlevels } = column;
    for (let row = from; row < to; row++) {
      const list: Vector | null = cells.get(row);
      if (list === null && !nullable) throw parquetjsErrors.missing(table, name, row);
      if (list === null || list.length === 0) {
        rlevels.push(0);
        dlevels.push(list === null ? 0 : empty);
        column.count += 1;
        continue;
      }
      if (list.nullCount > 0 && !nullableElements) throw parquetjsErrors.missing(table, name, row);
      const elements: ArrayLike<unknown> = list.nullCount > 0 ? Array.from(list) : list.toArray();
      for (let at = 0; at < list.length; at++) {
        const element = elements[at];
        rlevels.push(at === 0 ? 0 : 1);
        dlevels.push(element === null ? missingElement : present);
        if (element !== null) values.push(element);
      }
      column.count += list.length;
    }
  };
}
