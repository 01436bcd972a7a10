import {
  Bool,
  type Data,
  type DataType,
  Dictionary,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";

export type Split = "train" | "test";
export const splits: readonly Split[] = ["train", "test"];

/** Lists of float32 or int32 as Arrow stores them: row r is values[offsets[r] … offsets[r + 1]). */
export interface ListColumn<Values extends Float32Array | Int32Array> {
  readonly values: Values;
  /** Length rows + 1, starting anywhere in `values`, never decreasing. */
  readonly offsets: Int32Array;
}

/**
 * How a column is made from and read as plain data, without copying typed arrays.
 * `Input` may be one value for all rows where that is common; `Output` is a view of the batch.
 */
export interface ColumnKind<Input, Output> {
  readonly type: DataType;
  /** Rows the input holds; undefined when it is one value for all of them. */
  readonly rows: (input: Input) => number | undefined;
  readonly build: (input: Input, rows: number) => Data;
  /** The vector is of this kind's type and holds no nulls; it may be a slice, or several chunks, or empty. */
  readonly read: (vector: Vector) => Output;
}

export interface Column<Input, Output> extends ColumnKind<Input, Output> {
  /** What the value means, for readers of the tables. */
  readonly meaning: string;
  /** Unit, or `1` for a pure number, or `` for text. */
  readonly unit: string;
  readonly metadata: ReadonlyMap<string, string>;
}

type Scalar = number | string | boolean;

function rowsOf(input: Scalar | { readonly length: number }): number | undefined {
  return typeof input === "object" ? input.length : undefined;
}

type Typed = Float32Array | Float64Array | Int32Array | BigInt64Array;

/** Joins the chunks of a vector: a view when there is one, else a copy. `part` gives the elements of one chunk. */
function joined<A extends Typed>(vector: Vector, empty: A, part: (data: Data) => A): A {
  const parts = vector.data.filter((data) => data.length > 0).map(part);
  if (parts.length === 0) return empty;
  if (parts.length === 1) return parts[0]!;
  const total = parts.reduce((sum, values) => sum + values.length, 0);
  const whole = new (empty.constructor as new (length: number) => A)(total);
  let at = 0;
  for (const values of parts) {
    whole.set(values as never, at);
    at += values.length;
  }
  return whole;
}

/** The elements of a chunk of numbers. Arrow cuts `values` when it slices, but may leave padding behind them. */
const numbers =
  <A extends Typed>() =>
  (data: Data): A =>
    data.values.subarray(0, data.length) as A;

const utf8Kind: ColumnKind<string | readonly string[], readonly string[]> = {
  type: new Utf8(),
  rows: (input) => (typeof input === "string" ? undefined : input.length),
  build: (input, rows) => {
    const encoder = new TextEncoder();
    const texts = (typeof input === "string" ? [input] : input).map((text) => encoder.encode(text));
    const valueOffsets = new Int32Array(rows + 1);
    for (let row = 0; row < rows; row++) {
      valueOffsets[row + 1] = valueOffsets[row] + texts[texts.length === 1 ? 0 : row].length;
    }
    const data = new Uint8Array(valueOffsets[rows]);
    for (let row = 0; row < rows; row++) data.set(texts[texts.length === 1 ? 0 : row], valueOffsets[row]);
    return makeData({ type: new Utf8(), length: rows, valueOffsets, data });
  },
  read: (vector) => Array.from(vector, (value) => String(value)),
};

const dictionaryType = new Dictionary(new Utf8(), new Int32(), 0);
/** One dictionary for every batch of every table: a file may not replace a dictionary (design §7). */
const splitNames = vectorFromArray([...splits], new Utf8());

const splitKind: ColumnKind<Split | readonly Split[], readonly Split[]> = {
  type: dictionaryType,
  rows: (input) => (typeof input === "string" ? undefined : input.length),
  build: (input, rows) => {
    const codes = new Int32Array(rows);
    if (typeof input === "string") codes.fill(splits.indexOf(input));
    else for (let row = 0; row < rows; row++) codes[row] = splits.indexOf(input[row]);
    return makeData({ type: dictionaryType, data: codes, dictionary: splitNames, length: rows });
  },
  read: (vector) => {
    const rows: Split[] = [];
    for (const { values, length, dictionary } of vector.data as readonly Data<typeof dictionaryType>[]) {
      // A table without rows has no dictionary.
      const names = dictionary === undefined ? [] : Array.from(dictionary, (name) => name as Split);
      for (let row = 0; row < length; row++) rows.push(names[values[row]]);
    }
    return rows;
  },
};

const int64Kind: ColumnKind<number | readonly number[] | BigInt64Array, BigInt64Array> = {
  type: new Int64(),
  rows: rowsOf,
  build: (input, rows) =>
    makeData({
      type: new Int64(),
      length: rows,
      data:
        input instanceof BigInt64Array
          ? input
          : typeof input === "number"
            ? new BigInt64Array(rows).fill(BigInt(input))
            : BigInt64Array.from(input, (value) => BigInt(value)),
    }),
  read: (vector) => joined(vector, new BigInt64Array(), numbers()),
};

const int32Kind: ColumnKind<number | readonly number[] | Int32Array, Int32Array> = {
  type: new Int32(),
  rows: rowsOf,
  build: (input, rows) =>
    makeData({
      type: new Int32(),
      length: rows,
      data:
        input instanceof Int32Array
          ? input
          : typeof input === "number"
            ? new Int32Array(rows).fill(input)
            : Int32Array.from(input),
    }),
  read: (vector) => joined(vector, new Int32Array(), numbers()),
};

const float64Kind: ColumnKind<number | readonly number[] | Float64Array, Float64Array> = {
  type: new Float64(),
  rows: rowsOf,
  build: (input, rows) =>
    makeData({
      type: new Float64(),
      length: rows,
      data:
        input instanceof Float64Array
          ? input
          : typeof input === "number"
            ? new Float64Array(rows).fill(input)
            : Float64Array.from(input),
    }),
  read: (vector) => joined(vector, new Float64Array(), numbers()),
};

const boolKind: ColumnKind<boolean | readonly boolean[], readonly boolean[]> = {
  type: new Bool(),
  rows: (input) => (typeof input === "boolean" ? undefined : input.length),
  build: (input, rows) => {
    const bits = new Uint8Array(Math.ceil(rows / 8));
    for (let row = 0; row < rows; row++) {
      if (typeof input === "boolean" ? input : input[row]) bits[row >> 3] |= 1 << (row & 7);
    }
    return makeData({ type: new Bool(), data: bits, length: rows });
  },
  read: (vector) => Array.from(vector, (value) => Boolean(value)),
};

function listKind<Values extends Float32Array | Int32Array>(
  item: Float32 | Int32,
): ColumnKind<ListColumn<Values>, ListColumn<Values>> {
  const type = new List(new Field("item", item, false));
  const empty = (item instanceof Float32 ? new Float32Array() : new Int32Array()) as Values;
  return {
    type,
    rows: (input) => input.offsets.length - 1,
    build: (input, rows) =>
      makeData({
        type,
        length: rows,
        valueOffsets: input.offsets,
        child: makeData({ type: item, data: input.values, length: input.values.length } as never),
      } as never) as Data,
    read: (vector) => {
      const chunks = vector.data.filter((data) => data.length > 0);
      if (chunks.length === 1) {
        const data = chunks[0] as Data;
        return {
          values: (data.children[0] as Data).values as Values,
          offsets: data.valueOffsets.subarray(0, data.length + 1),
        };
      }
      const offsets = new Int32Array(vector.length + 1);
      let row = 0;
      for (const { length, valueOffsets } of chunks) {
        for (let r = 0; r < length; r++, row++) {
          offsets[row + 1] = offsets[row] + valueOffsets[r + 1] - valueOffsets[r];
        }
      }
      const values = joined<Values>(
        vector,
        empty,
        ({ length, valueOffsets, children }) =>
          (children[0] as Data).values.subarray(valueOffsets[0], valueOffsets[length]) as Values,
      );
      return { values, offsets };
    },
  };
}

function fixedSizeListKind(size: number): ColumnKind<Float32Array, Float32Array> {
  const type = new FixedSizeList(size, new Field("item", new Float32(), false));
  return {
    type,
    rows: (input) => input.length / size,
    build: (input, rows) =>
      makeData({
        type,
        length: rows,
        child: makeData({ type: new Float32(), data: input, length: rows * size }),
      }) as Data,
    read: (vector) =>
      joined(
        vector,
        new Float32Array(),
        ({ length, children }) => (children[0] as Data).values.subarray(0, length * size) as Float32Array,
      ),
  };
}

function column<Input, Output>(
  kind: ColumnKind<Input, Output>,
  meaning: string,
  unit: string,
  metadata: ReadonlyMap<string, string> = new Map(),
): Column<Input, Output> {
  return { ...kind, meaning, unit, metadata };
}

export const utf8 = (meaning: string) => column(utf8Kind, meaning, "");
export const split = (meaning: string) => column(splitKind, meaning, "");
export const int64 = (meaning: string, unit = "1") => column(int64Kind, meaning, unit);
export const int32 = (meaning: string, unit = "1") => column(int32Kind, meaning, unit);
export const float64 = (meaning: string, unit = "1") => column(float64Kind, meaning, unit);
export const bool = (meaning: string) => column(boolKind, meaning, "");
export const float32List = (meaning: string, unit = "1") =>
  column(listKind<Float32Array>(new Float32()), meaning, unit);
export const int32List = (meaning: string, unit = "1") =>
  column(listKind<Int32Array>(new Int32()), meaning, unit);
/** float32, `size` values a row; `shape` (whose product is `size`) becomes the field's metadata. */
export const float32Vector = (size: number, meaning: string, shape?: readonly number[], unit = "1") =>
  column(
    fixedSizeListKind(size),
    meaning,
    unit,
    shape === undefined ? new Map() : new Map([["shape", JSON.stringify(shape)]]),
  );
