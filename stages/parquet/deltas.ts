import { type Cursor, readVarint } from "./thrift.js";

/** More than writers put into a block; hyparquet takes that many bytes for each one. */
const mostMiniblocks = 1024;
const mostInBlock = 2 ** 20;

/** Differences of `width` bits that lie packed at a cursor, each less by `least`. */
interface Miniblock {
  readonly least: number;
  readonly width: number;
  readonly count: number;
}

/**
 * Walks `count` integers kept as differences, and leaves the cursor behind them. RangeError for blocks that are no whole
 * miniblocks, are larger than any writer makes, or end before.
 */
export function skipDeltas(cursor: Cursor, count: number): void {
  walk(cursor, count, () => undefined);
}

/** The same, with the integers: of 32 bits, as lengths of texts are. */
export function readDeltas(cursor: Cursor, count: number): Int32Array {
  const values = new Int32Array(count);
  let place = 0;
  const first = walk(cursor, count, ({ least, width, count: taken }) => {
    for (let at = 0; at < taken; at += 1) values[++place] = least + packedAt(cursor, at * width, width);
  });
  values[0] = first;
  for (let at = 1; at < count; at += 1) values[at] += values[at - 1];
  return values;
}

/** Tells the first integer; the others are in the miniblocks. */
function walk(cursor: Cursor, count: number, visit: (block: Miniblock) => void): number {
  const [inBlock, miniblocks] = [readVarint(cursor), readVarint(cursor)];
  readVarint(cursor);
  const each = inBlock / miniblocks;
  if (miniblocks > mostMiniblocks || inBlock > mostInBlock || each === 0 || each % 8 !== 0)
    throw new RangeError(`blocks of ${inBlock} values in ${miniblocks} miniblocks`);
  const first = readDifference(cursor);
  for (let seen = 1; seen < count; ) {
    const least = readDifference(cursor);
    const widths = cursor.at;
    cursor.at += miniblocks;
    for (let block = 0; block < miniblocks && seen < count; block += 1) {
      const width = cursor.view.getUint8(widths + block);
      if (width > 64) throw new RangeError(`differences of ${width} bits`);
      const taken = Math.min(each, count - seen);
      visit({ least, width, count: taken });
      seen += taken;
      cursor.at += (each * width) / 8;
    }
  }
  return first;
}

/** Of up to 64 bits, those above the 53rd inexact. */
function readDifference(cursor: Cursor): number {
  const value = readVarint(cursor, 64);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** The lowest 32 bits of one. */
function packedAt({ view, at: start }: Cursor, bit: number, width: number): number {
  let value = 0;
  const end = bit + Math.min(width, 32);
  for (let at = bit; at < end; at += 1)
    value |= ((view.getUint8(start + (at >>> 3)) >>> (at & 7)) & 1) << (at - bit);
  return value;
}
