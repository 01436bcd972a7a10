import { getHeapStatistics } from "node:v8";
import { parquetErrors } from "../../schemas/errors/parquet.js";
import { decompressors } from "./decompress.js";
import type { Leaf } from "./leaf.js";
import { checkDictionary, checkValues } from "./pageBody.js";
import { type PageHeader, readPageHeader } from "./pageHeader.js";
import type { Cursor } from "./thrift.js";

/** Elements of one JavaScript array. DuckDB puts up to 100 million values into a page. */
const mostElements = 2 ** 27 - 2 ** 10;

/**
 * Bytes of the heap that hyparquet takes for a value of a page while it decodes it: an element each for the index, the value
 * and its levels, and in lists for where it ends up.
 */
const bytesOfValue = { flat: 24, nested: 40 } as const;
const shareOfHeap = 0.75;

/** Bytes that a page may grow by beside what its values need, and as many times what it was compressed to. */
const slack = 2 ** 16;
const mostText = 2 ** 26;
const mostRatio = 1032;

/** Where a chunk of a column lies. */
export interface ChunkPlace {
  readonly file: string;
  readonly column: string;
  readonly group: number;
  /** Byte of the file at which it begins. */
  readonly start: number;
}

/**
 * Walks the pages of a column's chunk of `rows` rows as hyparquet would, and sees that each is in the chunk, promises no
 * more values than the column has, and holds as many: the library makes room for whatever a page promises. PARQUET_PAGE
 * says which does not, and what it says.
 */
export function checkPages(place: ChunkPlace, leaf: Leaf, rows: number, bytes: Uint8Array): void {
  const cursor = cursorOf(bytes);
  const mostInPage = mostValues(leaf);
  const most = leaf.isFlat ? rows : Math.min(Number(leaf.chunk.num_values), Number.MAX_SAFE_INTEGER);
  let [valuesLeft, rowsLeft] = [most, rows];
  for (let page = 0; cursor.at < bytes.length - 1 && (!leaf.isFlat || valuesLeft > 0); page += 1) {
    const start = cursor.at;
    try {
      const header = readPageHeader(cursor);
      checkSizes(header, leaf, bytes.length - cursor.at, valuesLeft, mostInPage);
      const whole = bytes.subarray(cursor.at, cursor.at + header.compressedSize);
      cursor.at += header.compressedSize;
      const body = cursorOf(bodyOf(header, leaf, whole));
      if (header.kind === "dictionary") {
        checkDictionary(header, leaf, body);
        continue;
      }
      const begun = checkValues(header, leaf, header.kind === "data" ? body : cursorOf(whole), body);
      valuesLeft -= header.values;
      rowsLeft -= begun;
      if (rowsLeft < 0) throw new RangeError(`${rows - rowsLeft} rows of a group of ${rows}`);
    } catch (error) {
      const at = { ...place, page, byte: place.start + start };
      throw parquetErrors.page(place.file, at, problemOf(error));
    }
  }
}

/** What a DataView says of a place behind its end is of no use to anyone who has but a file. */
function problemOf(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return said.startsWith("Offset is outside") ? "it ends before its values do" : said;
}

const cursorOf = (bytes: Uint8Array): Cursor => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  at: 0,
});

/** Values of one page that there is room for. */
function mostValues({ isFlat }: Leaf): number {
  const room = getHeapStatistics().heap_size_limit * shareOfHeap;
  return Math.min(mostElements, Math.floor(room / bytesOfValue[isFlat ? "flat" : "nested"]));
}

function checkSizes(
  header: PageHeader,
  leaf: Leaf,
  left: number,
  valuesLeft: number,
  mostInPage: number,
): void {
  const { kind, compressedSize, uncompressedSize, values, repetitionSize, definitionSize } = header;
  if (compressedSize > left) throw new RangeError(`a page of ${compressedSize} bytes where ${left} are left`);
  if (kind !== "dictionary" && values > valuesLeft)
    throw new RangeError(`${values} values where ${valuesLeft} are left of the column`);
  if (values > mostInPage)
    throw new RangeError(
      `${values} values in one page, and the heap of this process has room for ${mostInPage}`,
    );
  const levels = repetitionSize + definitionSize;
  if (levels > compressedSize || levels > uncompressedSize)
    throw new RangeError(
      `levels of ${levels} bytes in a page of ${Math.min(compressedSize, uncompressedSize)}`,
    );
  const isText = leaf.chunk.type === "BYTE_ARRAY";
  const mostBytes = isText
    ? Math.max(mostText, mostRatio * compressedSize)
    : slack + (16 + 2 * leaf.width) * values;
  if (uncompressedSize > mostBytes && uncompressedSize > compressedSize)
    throw new RangeError(`${uncompressedSize} bytes made of ${compressedSize}, for ${values} values`);
}

/** The values, and in pages of version 1 the levels before them. */
function bodyOf(header: PageHeader, { chunk: { codec } }: Leaf, whole: Uint8Array): Uint8Array {
  const levels = header.repetitionSize + header.definitionSize;
  const packed = whole.subarray(levels);
  if (!header.isCompressed) return packed;
  const length = header.uncompressedSize - levels;
  const decompress = decompressors[codec];
  if (codec !== "UNCOMPRESSED" && decompress === undefined) throw new RangeError(`compressed as ${codec}`);
  const body = codec === "UNCOMPRESSED" || decompress === undefined ? packed : decompress(packed, length);
  if (body.length !== length) throw new RangeError(`${body.length} bytes where the header says ${length}`);
  return body;
}
