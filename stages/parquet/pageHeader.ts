import { type Cursor, readStruct, type ThriftStruct } from "./thrift.js";

/** What stands before each page of a column. Sizes are bytes. */
export interface PageHeader {
  readonly kind: "data" | "data v2" | "dictionary";
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  /** Nulls and empty lists counted. */
  readonly values: number;
  readonly encoding: Encoding;
  /** Repetition and definition levels packed as before Parquet 2, which hyparquet reads as if they were in runs. */
  readonly packedLevels: readonly [boolean, boolean];
  /** Of pages of version 2, whose levels stand before the compressed part; 0 and `isCompressed` of others. */
  readonly nulls: number;
  readonly repetitionSize: number;
  readonly definitionSize: number;
  readonly isCompressed: boolean;
}

const encodings = {
  0: "PLAIN",
  2: "DICTIONARY",
  3: "RLE",
  5: "DELTA_BINARY_PACKED",
  6: "DELTA_LENGTH_BYTE_ARRAY",
  7: "DELTA_BYTE_ARRAY",
  8: "DICTIONARY",
  9: "BYTE_STREAM_SPLIT",
} as const;
export type Encoding = (typeof encodings)[keyof typeof encodings];

const bitPacked = 4;

/** RangeError for bytes that are no header of a page that can be read; the cursor stops behind it. */
export function readPageHeader(cursor: Cursor): PageHeader {
  const fields = readStruct(cursor);
  const [type, uncompressedSize, compressedSize] = [1, 2, 3].map((field) => count(fields, field));
  const shared = { compressedSize, uncompressedSize, packedLevels: [false, false] } as const;
  const levels = { nulls: 0, repetitionSize: 0, definitionSize: 0, isCompressed: true };
  if (type === 0) {
    const page = part(fields, 5);
    const packedLevels = [page.get(4) === bitPacked, page.get(3) === bitPacked] as const;
    const own = { values: count(page, 1), encoding: encodingOf(page, 2), packedLevels };
    return { kind: "data", ...shared, ...levels, ...own };
  }
  if (type === 2) {
    const page = part(fields, 7);
    return { kind: "dictionary", ...shared, ...levels, values: count(page, 1), encoding: "PLAIN" };
  }
  if (type === 3) {
    const page = part(fields, 8);
    const [values, nulls, definitionSize, repetitionSize] = [1, 2, 5, 6].map((field) => count(page, field));
    const own = { values, nulls, definitionSize, repetitionSize, isCompressed: page.get(7) !== false };
    return { kind: "data v2", ...shared, ...own, encoding: encodingOf(page, 4) };
  }
  throw new RangeError(`a page of type ${type}`);
}

function count(fields: ThriftStruct, field: number): number {
  const value = fields.get(field);
  if (typeof value !== "number" || value < 0) throw new RangeError(`${value} in field ${field}`);
  return value;
}

function part(fields: ThriftStruct, field: number): ThriftStruct {
  const value = fields.get(field);
  if (!(value instanceof Map)) throw new RangeError(`no field ${field}`);
  return value;
}

function encodingOf(page: ThriftStruct, field: number): Encoding {
  const number = count(page, field);
  const encoding = encodings[number as keyof typeof encodings];
  if (encoding === undefined) throw new RangeError(`encoding ${number}`);
  return encoding;
}
