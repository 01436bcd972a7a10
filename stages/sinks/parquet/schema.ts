import { DataType, type Field, type Schema } from "apache-arrow";
import type { KeyValue, ParquetType, SchemaElement } from "hyparquet";
import { sinkErrors } from "../../../schemas/errors/sinks.js";

type Repetition = "REQUIRED" | "OPTIONAL";

/** The Parquet type of a number or truth value; undefined for what has none here. */
function physicalType(type: DataType): ParquetType | undefined {
  if (DataType.isBool(type)) return "BOOLEAN";
  if (DataType.isFloat(type))
    return type.precision === 1 ? "FLOAT" : type.precision === 2 ? "DOUBLE" : undefined;
  if (DataType.isInt(type)) {
    if (type.bitWidth === 64) return type.isSigned ? "INT64" : undefined;
    return type.isSigned || type.bitWidth < 32 ? "INT32" : undefined;
  }
  return undefined;
}

/** Whether a column is a list with one number after the other, of fixed length or not. */
export function isNumberList(type: DataType): boolean {
  return (
    (DataType.isList(type) || DataType.isFixedSizeList(type)) &&
    !DataType.isBool(type.children[0].type) &&
    physicalType(type.children[0].type) !== undefined
  );
}

export function isText(type: DataType): boolean {
  return DataType.isUtf8(type) || (DataType.isDictionary(type) && DataType.isUtf8(type.dictionary));
}

const repetitionOf = ({ nullable }: Field): Repetition => (nullable ? "OPTIONAL" : "REQUIRED");

function elementsOf(field: Field, table: string): SchemaElement[] {
  const repetition_type = repetitionOf(field);
  const { name, type } = field;
  if (isText(type)) return [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type }];
  if (isNumberList(type)) {
    const [item] = type.children;
    return [
      { name, repetition_type, converted_type: "LIST", num_children: 1 },
      { name: "list", repetition_type: "REPEATED", num_children: 1 },
      { name: "element", type: physicalType(item.type)!, repetition_type: repetitionOf(item) },
    ];
  }
  const physical = physicalType(type);
  if (physical === undefined) throw sinkErrors.unsupportedColumn(table, name, String(type));
  return [{ name, type: physical, repetition_type }];
}

/**
 * The Parquet schema of an Arrow one: int64 → INT64, smaller integers → INT32, float64 → DOUBLE, float32 → FLOAT,
 * text and dictionaries of text → UTF8, lists of numbers → LIST; nullable where the Arrow field or item is.
 * UNSUPPORTED_COLUMN otherwise.
 */
export function parquetSchemaOf(schema: Schema, table: string): SchemaElement[] {
  return [
    { name: "root", num_children: schema.fields.length },
    ...schema.fields.flatMap((field) => elementsOf(field, table)),
  ];
}

/** The schema's metadata, then the fields' as `column.NAME.KEY` (`column.features.shape`). */
export function keyValueMetadata(schema: Schema): KeyValue[] {
  return [
    ...Array.from(schema.metadata, ([key, value]) => ({ key, value })),
    ...schema.fields.flatMap((field) =>
      Array.from(field.metadata, ([key, value]) => ({ key: `column.${field.name}.${key}`, value })),
    ),
  ];
}
