import { type Data, DataType, type Float, type Int, makeData, RecordBatch, Vector } from "apache-arrow";
import { sameValues } from "./ipc.js";

/** A column of one chunk, cut to its own rows. */
type Column = Data;

/** Offsets of all chunks into one array of items, and where each chunk's own items lie. */
function joinOffsets(columns: readonly Column[], rows: number) {
  const offsets = new Int32Array(rows + 1);
  let row = 0;
  for (const { valueOffsets, length } of columns) {
    const shift = offsets[row] - valueOffsets[0];
    for (let at = 1; at <= length; at += 1) offsets[row + at] = valueOffsets[at] + shift;
    row += length;
  }
  return offsets;
}

type Numbers = Float64Array | BigInt64Array | Uint8Array;

/** The parts one after the other in new memory. */
function joinNumbers(parts: readonly Numbers[], length: number): Numbers {
  const joined = new (parts[0].constructor as new (length: number) => Numbers)(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part as never, at);
    at += part.length;
  }
  return joined;
}

const lengthOf = (columns: readonly Column[]) => columns.reduce((sum, { length }) => sum + length, 0);

function joinColumns(columns: readonly Column[]): Column | undefined {
  const { type, dictionary } = columns[0];
  if (columns.some(({ nullCount }) => nullCount > 0)) return undefined;
  const length = lengthOf(columns);
  const ownValues = () =>
    joinNumbers(
      columns.map((column) => column.values.subarray(0, column.length) as Numbers),
      length,
    );
  if (DataType.isInt(type) || DataType.isFloat(type)) {
    return makeData({ type: type as Int | Float, length, data: ownValues() } as never);
  }
  if (DataType.isDictionary(type)) {
    const same = columns.every(
      (column) =>
        column.dictionary === dictionary ||
        (column.dictionary !== undefined &&
          dictionary !== undefined &&
          sameValues(column.dictionary, dictionary)),
    );
    return same ? makeData({ type, length, data: ownValues(), dictionary } as never) : undefined;
  }
  if (DataType.isBool(type)) {
    const data = new Uint8Array(Math.ceil(length / 8));
    let row = 0;
    for (const value of new Vector(columns)) {
      if (value === true) data[row >> 3] |= 1 << (row & 7);
      row += 1;
    }
    return makeData({ type, length, data });
  }
  if (DataType.isUtf8(type)) {
    const valueOffsets = joinOffsets(columns, length);
    const texts = columns.map(
      ({ values, valueOffsets: own, length: rows }) => values.subarray(own[0], own[rows]) as Uint8Array,
    );
    const data = joinNumbers(texts, valueOffsets[length]) as Uint8Array;
    return makeData({ type, length, valueOffsets, data });
  }
  if (DataType.isList(type)) {
    const valueOffsets = joinOffsets(columns, length);
    const child = joinColumns(
      columns.map(({ children, valueOffsets: own, length: rows }) =>
        (children[0] as Column).slice(own[0], own[rows] - own[0]),
      ),
    );
    return child === undefined
      ? undefined
      : (makeData({ type, length, valueOffsets, child } as never) as Data);
  }
  if (DataType.isFixedSizeList(type)) {
    const child = joinColumns(
      columns.map(({ children, length: rows }) => (children[0] as Column).slice(0, rows * type.listSize)),
    );
    return child === undefined ? undefined : (makeData({ type, length, child } as never) as Data);
  }
  return undefined;
}

/**
 * Batches of one schema as one batch with the same rows, in new memory. Undefined when they hold nulls, dictionaries that
 * differ, or a type that no table of the house has.
 */
export function joinBatches(batches: readonly RecordBatch[]): RecordBatch | undefined {
  const [{ schema, data }] = batches;
  const children: Data[] = [];
  for (let index = 0; index < schema.fields.length; index += 1) {
    const joined = joinColumns(batches.map((batch) => batch.data.children[index] as Data));
    if (joined === undefined) return undefined;
    children.push(joined);
  }
  const length = batches.reduce((rows, { numRows }) => rows + numRows, 0);
  const whole = makeData({ type: data.type, length, nullCount: 0, children: children as never });
  return Object.assign(new RecordBatch(schema, whole), { schema });
}
