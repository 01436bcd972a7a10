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
  makeVector,
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
  readonly build: (input: Input, rows: number) => Data;
  readonly read: (vector: Vector) => Output;
}

export interface Column<Input, Output> extends ColumnKind<Input, Output> {
  /** What the value means, for readers of the tables. */
  readonly meaning: string;
  /** Unit, or `1` for a pure number, or `` for text. */
  readonly unit: string;
  readonly metadata: ReadonlyMap<string, string>;
}

function chunk<A>(vector: Vector): A {
  if (vector.data.length === 1) return (vector.data[0] as Data).values.subarray(0, vector.length) as A;
  return vector.toArray() as A;
}

function fill<A extends { fill(value: never): A }>(array: A, value: unknown): A {
  return array.fill(value as never);
}

const utf8Kind: ColumnKind<string | readonly string[], readonly string[]> = {
  type: new Utf8(),
  build: (input, rows) =>
    vectorFromArray(typeof input === "string" ? new Array<string>(rows).fill(input) : [...input], new Utf8())
      .data[0] ?? makeData({ type: new Utf8() }),
  read: (vector) => Array.from(vector, (value) => String(value)),
};

const dictionaryType = new Dictionary(new Utf8(), new Int32(), 0);
/** One dictionary for every batch of every table: a file may not replace a dictionary (design §7). */
const splitNames = vectorFromArray([...splits], new Utf8());

const splitKind: ColumnKind<Split | readonly Split[], readonly Split[]> = {
  type: dictionaryType,
  build: (input, rows) => {
    const codes = new Int32Array(rows);
    if (typeof input === "string") codes.fill(splits.indexOf(input));
    else for (let row = 0; row < rows; row++) codes[row] = splits.indexOf(input[row]!);
    return makeData({ type: dictionaryType, data: codes, dictionary: splitNames, length: rows });
  },
  read: (vector) => Array.from(vector, (value) => value as Split),
};

const int64Kind: ColumnKind<number | readonly number[] | BigInt64Array, BigInt64Array> = {
  type: new Int64(),
  build: (input, rows) =>
    makeVector(
      input instanceof BigInt64Array
        ? input
        : typeof input === "number"
          ? fill(new BigInt64Array(rows), BigInt(input))
          : BigInt64Array.from(input, (value) => BigInt(value)),
    ).data[0] as Data,
  read: (vector) => chunk<BigInt64Array>(vector),
};

const int32Kind: ColumnKind<number | readonly number[] | Int32Array, Int32Array> = {
  type: new Int32(),
  build: (input, rows) =>
    makeVector(
      input instanceof Int32Array
        ? input
        : typeof input === "number"
          ? fill(new Int32Array(rows), input)
          : Int32Array.from(input),
    ).data[0] as Data,
  read: (vector) => chunk<Int32Array>(vector),
};

const float64Kind: ColumnKind<number | readonly number[] | Float64Array, Float64Array> = {
  type: new Float64(),
  build: (input, rows) =>
    makeVector(
      input instanceof Float64Array
        ? input
        : typeof input === "number"
          ? fill(new Float64Array(rows), input)
          : Float64Array.from(input),
    ).data[0] as Data,
  read: (vector) => chunk<Float64Array>(vector),
};

const boolKind: ColumnKind<boolean | readonly boolean[], readonly boolean[]> = {
  type: new Bool(),
  build: (input, rows) => {
    const bits = new Uint8Array(Math.ceil(rows / 8));
    for (let row = 0; row < rows; row++) {
      if (typeof input === "boolean" ? input : input[row])
        bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
    }
    return makeData({ type: new Bool(), data: bits, length: rows });
  },
  read: (vector) => Array.from(vector, (value) => Boolean(value)),
};

function listKind<Values extends Float32Array | Int32Array>(
  item: Float32 | Int32,
): ColumnKind<ListColumn<Values>, ListColumn<Values>> {
  const type = new List(new Field("item", item, false));
  return {
    type,
    build: (input, rows) =>
      makeData({
        type,
        length: rows,
        valueOffsets: input.offsets,
        child: makeData({ type: item, data: input.values, length: input.values.length } as never),
      } as never) as Data,
    read: (vector) => {
      const whole = vector.data.length === 1 ? vector : vector.slice();
      if (whole.data.length === 1) {
        const data = whole.data[0] as Data;
        const child = data.children[0] as Data;
        return { values: child.values as Values, offsets: data.valueOffsets.subarray(0, data.length + 1) };
      }
      return joinLists<Values>(whole, item);
    },
  };
}

function joinLists<Values extends Float32Array | Int32Array>(
  vector: Vector,
  item: Float32 | Int32,
): ListColumn<Values> {
  const offsets = new Int32Array(vector.length + 1);
  let row = 0;
  for (const data of vector.data) {
    for (let r = 0; r < data.length; r++, row++) {
      offsets[row + 1] =
        (offsets[row] ?? 0) + ((data.valueOffsets[r + 1] ?? 0) - (data.valueOffsets[r] ?? 0));
    }
  }
  const total = offsets[row] ?? 0;
  const values = item instanceof Float32 ? new Float32Array(total) : new Int32Array(total);
  let at = 0;
  for (const data of vector.data) {
    const from = data.valueOffsets[0] ?? 0;
    const to = data.valueOffsets[data.length] ?? 0;
    values.set((data.children[0] as Data).values.subarray(from, to), at);
    at += to - from;
  }
  return { values: values as Values, offsets };
}

function fixedSizeListKind(size: number): ColumnKind<Float32Array, Float32Array> {
  const type = new FixedSizeList(size, new Field("item", new Float32(), false));
  return {
    type,
    build: (input, rows) =>
      makeData({
        type,
        length: rows,
        child: makeData({ type: new Float32(), data: input, length: rows * size }),
      }) as Data,
    read: (vector) => {
      const parts = vector.data.map((data) => {
        const values = ((data as Data).children[0] as Data).values as Float32Array;
        return values.subarray(0, data.length * size);
      });
      if (parts.length === 1) return parts[0] as Float32Array;
      const joined = new Float32Array(vector.length * size);
      let at = 0;
      for (const part of parts) {
        joined.set(part, at);
        at += part.length;
      }
      return joined;
    },
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
