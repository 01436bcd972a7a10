import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { dataErrors } from "../../schemas/errors/data.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { regularFileSize } from "../regularFile.js";

/**
 * IDX, the format of MNIST (Y. LeCun, "The MNIST database"): two zero bytes, a type byte, the number of dimensions, their
 * sizes as big-endian uint32, then the items one after the other. Only unsigned bytes (type 8) are read.
 */
export interface IdxHeader {
  /** Items in the file, the first dimension. */
  readonly count: number;
  /** The other dimensions; empty for labels. */
  readonly shape: readonly number[];
}

const unsignedByte = 8;
/** DEFLATE cannot shrink data more than this (RFC 1951: 258 bytes in 2 bits). */
const largestRatio = 1032;

/**
 * Reads a file front to back in pieces, never whole, and hands every item to the function `begin` returns for the
 * header; the item is a view that the next one overwrites. `.gz` files are decompressed on Node's threads.
 * Errors, all naming the file: DATA_FILE_UNREADABLE, IDX_HEADER, IDX_LENGTH (shorter or longer than the header says).
 *
 * @param dimensions how many the file must have: 1 for labels, 3 for grey images.
 */
export async function readIdx(
  file: string,
  dimensions: number,
  begin: (header: IdxHeader) => (index: number, item: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const bytesHeld = await sizeOf(file);
  let header: IdxHeader | undefined;
  let take: (index: number, item: Uint8Array) => void = () => {};
  let size = 1;
  let index = 0;
  let rest: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of open(file)) {
      signal?.throwIfAborted();
      const bytes: Uint8Array = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      if (header === undefined) {
        if (bytes.length < headerLength(dimensions)) {
          rest = bytes;
          continue;
        }
        header = parseHeader(file, bytes, dimensions);
        checkPromise(file, bytesHeld, header);
        size = itemSize(header);
        take = begin(header);
        at = headerLength(dimensions);
      }
      for (; at + size <= bytes.length; at += size) {
        if (index === header.count) throw dataErrors.idxLength(file, header.count, "more");
        take(index, bytes.subarray(at, at + size));
        index += 1;
      }
      rest = bytes.subarray(at);
    }
  } catch (error) {
    if (isCutShort(error)) throw dataErrors.idxLength(file, header?.count ?? 0, index);
    throw asFileError(file, error);
  }
  if (header === undefined)
    throw dataErrors.idxHeader(file, `it holds only ${rest.length} bytes`, rest.length);
  if (index < header.count) throw dataErrors.idxLength(file, header.count, index);
  if (rest.length > 0) throw dataErrors.idxLength(file, header.count, "more");
}

/** The header alone, and for an uncompressed file whether its length is right: what can be told without reading it all. */
export async function readIdxHeader(file: string, dimensions: number): Promise<IdxHeader> {
  const bytesHeld = await sizeOf(file);
  const stream = open(file);
  let bytes: Uint8Array = new Uint8Array();
  try {
    for await (const chunk of stream) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= headerLength(dimensions)) break;
    }
  } catch (error) {
    if (!isCutShort(error)) throw asFileError(file, error);
  }
  if (bytes.length < headerLength(dimensions)) {
    throw dataErrors.idxHeader(file, `it holds only ${bytes.length} bytes`, bytes.length);
  }
  const header = parseHeader(file, bytes, dimensions);
  checkPromise(file, bytesHeld, header);
  return header;
}

const sizeOf = (file: string) =>
  regularFileSize(file).catch((cause: unknown) => {
    throw dataErrors.unreadable(file, cause);
  });

const headerLength = (dimensions: number) => 4 + 4 * dimensions;

const itemSize = ({ shape }: IdxHeader) => shape.reduce((product, side) => product * side, 1);

function open(file: string): Readable {
  const source = createReadStream(file);
  if (!file.endsWith(".gz")) return source;
  const gunzip = createGunzip({ chunkSize: 1 << 16 });
  source.on("error", (error) => gunzip.destroy(error));
  gunzip.on("close", () => source.destroy());
  return source.pipe(gunzip);
}

function parseHeader(file: string, bytes: Uint8Array, dimensions: number): IdxHeader {
  const [first, second, type, found] = bytes;
  if (first !== 0 || second !== 0) {
    const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw dataErrors.idxHeader(file, `it starts with ${start}, not with the two zero bytes of IDX`, start);
  }
  if (type !== unsignedByte) {
    throw dataErrors.idxHeader(file, `its type is ${type}, not ${unsignedByte} (unsigned bytes)`, type);
  }
  if (found !== dimensions) {
    throw dataErrors.idxHeader(file, `it has ${found} dimensions, not ${dimensions}`, found);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [count, ...shape] = Array.from({ length: dimensions }, (_, axis) => view.getUint32(4 + 4 * axis));
  const header = { count, shape };
  if (shape.includes(0)) throw dataErrors.idxHeader(file, `its items are ${shape.join("×")}`, shape);
  return header;
}

/** Refuses a header that promises other than the file can hold, before anything is made that large. */
function checkPromise(file: string, size: number, header: IdxHeader): void {
  const promised = headerLength(header.shape.length + 1) + header.count * itemSize(header);
  if (file.endsWith(".gz")) {
    if (promised > size * largestRatio) throw dataErrors.idxLength(file, header.count, "fewer");
    return;
  }
  if (size > promised) throw dataErrors.idxLength(file, header.count, "more");
  const held = size - headerLength(header.shape.length + 1);
  if (size < promised) throw dataErrors.idxLength(file, header.count, Math.floor(held / itemSize(header)));
}

function isCutShort(error: unknown): boolean {
  return (error as { code?: string }).code === "Z_BUF_ERROR";
}

/** System and zlib errors as ours; anything else as it is. */
function asFileError(file: string, error: unknown): unknown {
  const isOurs = error instanceof JacoflowError;
  const { code } = error as { code?: unknown };
  return !isOurs && typeof code === "string" ? dataErrors.unreadable(file, error) : error;
}
