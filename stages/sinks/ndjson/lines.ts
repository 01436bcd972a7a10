import { type Data, DataType, type Field, type RecordBatch, type Vector } from "apache-arrow";
import type { Source } from "../../../pipeline/stage.js";

type CellText = (row: number) => string;

/** A number as JSON has it; what JSON has no number for is text: "NaN", "Infinity", "-Infinity". */
export function jsonNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  return `"${value}"`;
}

/** Texts repeat a great deal: each is put between quotes once a batch. */
function textCells(vector: Vector): CellText {
  const quoted = new Map<string, string>();
  return (row) => {
    const text = String(vector.get(row));
    let found = quoted.get(text);
    if (found === undefined) {
      found = JSON.stringify(text);
      quoted.set(text, found);
    }
    return found;
  };
}

function listCells(data: Data, item: DataType): CellText {
  const values = (data.children[0] as Data).values as ArrayLike<number | bigint>;
  const fixed = DataType.isFixedSizeList(data.type) ? data.type.listSize : undefined;
  const start = (row: number) => (fixed === undefined ? data.valueOffsets[row] : fixed * row);
  const cell = DataType.isFloat(item)
    ? (at: number) => jsonNumber(values[at] as number)
    : (at: number) => String(values[at]);
  return (row) => {
    const items: string[] = [];
    for (let at = start(row); at < start(row + 1); at++) items.push(cell(at));
    return `[${items.join(",")}]`;
  };
}

/** Any value that is no column of its own: null, what lies beside one, and what is in lists of lists and structs. */
function valueText(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number") return jsonNumber(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const plain: unknown = "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
  if (typeof plain !== "object" || plain === null) return valueText(plain);
  if (Array.isArray(plain) || ArrayBuffer.isView(plain)) {
    return `[${Array.from(plain as Iterable<unknown>, valueText).join(",")}]`;
  }
  const pairs = Object.entries(plain).map(([key, item]) => `${JSON.stringify(key)}:${valueText(item)}`);
  return `{${pairs.join(",")}}`;
}

function cellsOf(field: Field, vector: Vector): CellText {
  const { type } = field;
  const data = vector.data[0] as Data | undefined;
  const otherCells: CellText = (row) => valueText(vector.get(row));
  if (vector.nullCount > 0 || data === undefined) return otherCells;
  if (DataType.isUtf8(type) || (DataType.isDictionary(type) && DataType.isUtf8(type.dictionary)))
    return textCells(vector);
  const values = data.values as ArrayLike<number | bigint>;
  if (DataType.isFloat(type) && type.precision > 0) return (row) => jsonNumber(values[row] as number);
  if (DataType.isInt(type)) return (row) => String(values[row]);
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const item = (type.children[0] as Field).type;
    const isPlain = DataType.isInt(item) || (DataType.isFloat(item) && item.precision > 0);
    if (isPlain && data.children[0].nullCount === 0) return listCells(data, item);
  }
  return otherCells;
}

/** Rows that become text between two turns of the event loop. */
const rowsPerSlice = 4096;

/**
 * The rows of a batch as JSON objects, one a line: `table`, `stage` where it is no column, then its columns. int64 with all its digits,
 * NaN and infinities as the texts "NaN", "Infinity" and "-Infinity", lists as arrays. A text is some thousand lines.
 */
export function* jsonLines({ table, stage }: Source, batch: RecordBatch): Generator<string> {
  const { fields } = batch.schema;
  // A row that can stand alone says who computed it.
  const sender = fields.some(({ name }) => name === "stage") ? "" : `,"stage":${JSON.stringify(stage)}`;
  const head = `"table":${JSON.stringify(table)}${sender}`;
  const columns = fields.map(({ name }, index) => ({
    key: JSON.stringify(name),
    cell: cellsOf(fields[index], batch.getChildAt(index)!),
  }));
  for (let from = 0; from < batch.numRows; from += rowsPerSlice) {
    let text = "";
    const to = Math.min(batch.numRows, from + rowsPerSlice);
    for (let row = from; row < to; row++) {
      text += `{${head}`;
      for (const { key, cell } of columns) text += `,${key}:${cell(row)}`;
      text += "}\n";
    }
    yield text;
  }
}
