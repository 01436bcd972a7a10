import type { ParquetType } from "hyparquet";
import { readDeltas, skipDeltas } from "./deltas.js";
import type { Leaf } from "./leaf.js";
import type { Encoding, PageHeader } from "./pageHeader.js";
import { countInRuns } from "./runs.js";
import type { Cursor } from "./thrift.js";

/** Bytes that the texts of one page may come to when they share their beginnings. */
const mostShared = 2 ** 28;

const bitsOf = (level: number) => 32 - Math.clz32(level);

/**
 * Sees that the values of a data page, its bytes made whole, are all in it and no run goes on behind them. Resolves to the
 * rows that begin in it. RangeError otherwise.
 */
export function checkValues(page: PageHeader, leaf: Leaf, levels: Cursor, body: Cursor): number {
  const { values } = page;
  const { mostRepeated, mostDefined } = leaf;
  // Writers name that encoding for levels that there are none of.
  if ((page.packedLevels[0] && mostRepeated > 0) || (page.packedLevels[1] && mostDefined > 0))
    throw new RangeError("bit-packed levels");
  const walked = (most: number, size: number, wanted: number) => {
    const length = page.kind === "data" ? levels.view.getUint32(levels.at, true) : size;
    if (page.kind === "data") levels.at += 4;
    const end = levels.at + length;
    const found = countInRuns(levels, bitsOf(most), values, wanted);
    levels.at = end;
    return found;
  };
  const rows = mostRepeated === 0 ? values : walked(mostRepeated, page.repetitionSize, 0);
  if (page.kind === "data v2") levels.at = page.repetitionSize;
  const present = mostDefined === 0 ? values : walked(mostDefined, page.definitionSize, mostDefined);
  if (page.kind === "data v2" && present !== values - page.nulls)
    throw new RangeError(`${page.nulls} nulls of ${values} values of which ${present} are there`);
  checkPresent(page, leaf, body, present);
  return rows;
}

/** The dictionary, written plainly. */
export function checkDictionary({ values }: PageHeader, { width }: Leaf, body: Cursor): void {
  needBytes(body, values * width);
}

/** What else they would be read as is not what was written. */
const typesOf: Partial<Readonly<Record<Encoding, readonly ParquetType[]>>> = {
  RLE: ["BOOLEAN"],
  DELTA_BINARY_PACKED: ["INT32", "INT64"],
  DELTA_LENGTH_BYTE_ARRAY: ["BYTE_ARRAY"],
  DELTA_BYTE_ARRAY: ["BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"],
};

function checkPresent({ kind, encoding }: PageHeader, leaf: Leaf, body: Cursor, present: number): void {
  const { type } = leaf.chunk;
  if (typesOf[encoding]?.includes(type) === false || (encoding === "DICTIONARY" && type === "BOOLEAN"))
    throw new RangeError(`values of ${type} encoded as ${encoding}`);
  if (encoding === "PLAIN" || encoding === "BYTE_STREAM_SPLIT") needBytes(body, present * leaf.width);
  else if (encoding === "DELTA_BYTE_ARRAY") checkShared(body, present);
  else if (encoding === "RLE") {
    body.at += 4;
    countInRuns(body, 1, present);
  } else if (encoding === "DICTIONARY") {
    const width = body.view.getUint8(body.at++);
    // Of one value there is nothing to read; hyparquet does so in pages of version 2 only.
    if (width > 0 || kind === "data v2") countInRuns(body, width, present);
  } else skipDeltas(body, present);
}

function checkShared(body: Cursor, present: number): void {
  const shared = readDeltas(body, present);
  const own = readDeltas(body, present);
  let sum = 0;
  for (let at = 0; at < present; at += 1) {
    const before = at === 0 ? 0 : shared[at - 1] + own[at - 1];
    if (shared[at] < 0 || own[at] < 0 || shared[at] > before)
      throw new RangeError(`a text of ${shared[at]} and ${own[at]} bytes behind one of ${before}`);
    sum += shared[at] === 0 ? 0 : shared[at] + own[at];
  }
  if (sum > mostShared) throw new RangeError(`texts of ${sum} bytes`);
}

function needBytes({ view, at }: Cursor, bytes: number): void {
  if (bytes > view.byteLength - at)
    throw new RangeError(`${bytes} bytes of values where ${view.byteLength - at} are`);
}
