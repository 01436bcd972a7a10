import { type Cursor, readVarint } from "./thrift.js";

/** Values by which the last group of packed values may pass the end: the longest that writers pad to. */
const padding = 504;

/**
 * Walks values of `width` bits in runs: one value repeated, or groups of eight packed ones. Leaves the cursor behind them
 * and tells how many of the first `count` are `wanted` (of at most 8 bits). RangeError for runs that end before, or go on
 * behind, `count`: hyparquet repeats a value as often as a run says, whoever asked.
 */
export function countInRuns(cursor: Cursor, width: number, count: number, wanted?: number): number {
  const { view } = cursor;
  if (width > 32) throw new RangeError(`values of ${width} bits`);
  let found = 0;
  for (let seen = 0; seen < count; ) {
    const head = readVarint(cursor);
    const left = count - seen;
    if (head % 2 === 0) {
      const repeated = head / 2;
      if (repeated > left) throw new RangeError(`a run of ${repeated} values where ${left} are left`);
      let value = 0;
      for (let at = 0; at < Math.ceil(width / 8); at += 1)
        value += view.getUint8(cursor.at++) * 2 ** (8 * at);
      if (value === wanted) found += repeated;
      seen += repeated;
    } else {
      const packed = 8 * ((head - 1) / 2);
      if (packed === 0 || packed > left + padding)
        throw new RangeError(`${packed} packed values where ${left} are left`);
      const taken = Math.min(left, packed);
      if (cursor.at + (taken * width) / 8 > view.byteLength)
        throw new RangeError(`${packed} packed values of ${width} bits at the end of the page`);
      if (wanted !== undefined) found += countPacked(cursor, width, taken, wanted);
      // Of values of no bits hyparquet takes a byte.
      cursor.at += width === 0 ? 1 : (packed * width) / 8;
      seen += taken;
    }
  }
  return found;
}

function countPacked({ view, at: start }: Cursor, width: number, count: number, wanted: number): number {
  const mask = 2 ** width - 1;
  const byteAt = (at: number) => (at < view.byteLength ? view.getUint8(at) : 0);
  let found = 0;
  for (let bit = 0; bit < count * width; bit += width) {
    const at = start + (bit >>> 3);
    const value = ((byteAt(at) | (byteAt(at + 1) << 8)) >>> (bit & 7)) & mask;
    if (value === wanted) found += 1;
  }
  return found;
}
