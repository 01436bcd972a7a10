/** A place in bytes that are read in order. What is read past their end is a RangeError. */
export interface Cursor {
  readonly view: DataView;
  at: number;
}

export type ThriftValue = number | boolean | ThriftStruct | undefined;

/** Fields by number. What no header of a page needs (texts, lists, numbers of 64 bits) is passed over. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/** Deeper than any header of Parquet. */
const deepest = 16;

/**
 * An unsigned number of at most `bits` bits, seven in a byte; one of more than 53 is inexact, so what its last byte may add
 * is asked of the byte. RangeError for one that goes on.
 */
export function readVarint(cursor: Cursor, bits = 32): number {
  let value = 0;
  for (let shift = 0; shift < bits; shift += 7) {
    const part = cursor.view.getUint8(cursor.at++);
    value += (part & 0x7f) * 2 ** shift;
    if (part < 0x80 && part < 2 ** (bits - shift)) return value;
  }
  throw new RangeError(`a number of more than ${bits} bits`);
}

/** A number with its sign, of 32 bits. RangeError as `readVarint`. */
export function readSigned(cursor: Cursor): number {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** A struct of Thrift's compact protocol. RangeError for one that does not end within the bytes, or is no such struct. */
export function readStruct(cursor: Cursor, depth = 0): ThriftStruct {
  if (depth > deepest) throw new RangeError("structs within structs without end");
  const fields = new Map<number, ThriftValue>();
  for (let field = 0; ; ) {
    const head = cursor.view.getUint8(cursor.at++);
    if ((head & 15) === 0) return fields;
    field = head >> 4 === 0 ? readSigned(cursor) : field + (head >> 4);
    fields.set(field, readElement(cursor, head & 15, depth));
  }
}

/** The types of the compact protocol that Parquet has. */
function readElement(cursor: Cursor, type: number, depth: number): ThriftValue {
  switch (type) {
    case 1:
      return true;
    case 2:
      return false;
    case 3:
      return cursor.view.getInt8(cursor.at++);
    case 4:
    case 5:
      return readSigned(cursor);
    case 6:
      readVarint(cursor, 64);
      return undefined;
    case 7:
      return skip(cursor, 8);
    case 8:
      return skip(cursor, readVarint(cursor));
    case 9:
      return skipList(cursor, depth);
    case 12:
      return readStruct(cursor, depth + 1);
    default:
      throw new RangeError(`a value of type ${type}`);
  }
}

function skip(cursor: Cursor, bytes: number): undefined {
  cursor.at += bytes;
  if (cursor.at > cursor.view.byteLength) throw new RangeError(`a text of ${bytes} bytes`);
}

function skipList(cursor: Cursor, depth: number): undefined {
  const head = cursor.view.getUint8(cursor.at++);
  const length = head >> 4 === 15 ? readVarint(cursor) : head >> 4;
  // In a list a truth takes a byte.
  const type = (head & 15) <= 2 ? 3 : head & 15;
  for (let left = length; left > 0; left -= 1) readElement(cursor, type, depth + 1);
}
