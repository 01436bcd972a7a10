import { brotliDecompressSync, unzipSync } from "node:zlib";
import type { Compressors } from "hyparquet";
import { decompressZstd, compressors as libraries } from "hyparquet-compressors";

/** What a block of Zstandard holds at most, and the power of two over 1024 of the largest window that it makes unasked. */
const mostInBlock = 2 ** 17;
const mostWindow = 17;

const bounded: Compressors = {
  ...libraries,
  GZIP: (bytes, length) => unzipSync(bytes, { maxOutputLength: length }),
  BROTLI: (bytes, length) => brotliDecompressSync(bytes, { maxOutputLength: length }),
  ZSTD: (bytes, length) => {
    checkZstandard(bytes, length);
    return decompressZstd(bytes);
  },
};

/**
 * What undoes the compression of pages and takes no more memory than they say: Node's own where it has one. Each throws
 * for bytes that it did not make, or that hold more than the page. Of a page of nothing nothing is read: what writers
 * leave there differs.
 */
export const decompressors: Compressors = Object.fromEntries(
  Object.entries(bounded).map(([codec, decompress]) => [
    codec,
    (bytes: Uint8Array, length: number) => (length === 0 ? new Uint8Array() : decompress(bytes, length)),
  ]),
);

/**
 * RangeError for frames that may hold far more than `length` bytes, for which the library would make room: by the content
 * that they state, or else by the number of their blocks, of which writers fill all but the last.
 */
function checkZstandard(bytes: Uint8Array, length: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let left = length;
  let blocks = 0;
  for (let at = 0; at < bytes.length; ) {
    if (view.getUint32(at, true) >>> 4 === 0x184d2a5) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    const flags = view.getUint8(at + 4);
    const isSingle = (flags & 32) !== 0;
    const contentSize = flags >> 6 === 0 ? Number(isSingle) : 2 ** (flags >> 6);
    const contentAt = at + 5 + Number(!isSingle) + [0, 1, 2, 4][flags & 3];
    if (contentSize > 0) {
      left -= contentOf(view, contentAt, contentSize);
      if (left < 0) throw new RangeError(`frames of ${length - left} bytes`);
    } else if (view.getUint8(at + 5) >> 3 > mostWindow) {
      throw new RangeError(`a window of 2^${10 + (view.getUint8(at + 5) >> 3)} bytes`);
    }
    at = contentAt + contentSize;
    for (let isLast = false; !isLast; blocks += 1) {
      const head = view.getUint16(at, true) + view.getUint8(at + 2) * 2 ** 16;
      isLast = head % 2 === 1;
      const isRepeated = ((head >> 1) & 3) === 1;
      if (head >> 3 > mostInBlock) throw new RangeError(`a block of ${head >> 3} bytes`);
      at += 3 + (isRepeated ? 1 : head >> 3);
    }
    at += (flags & 4) === 0 ? 0 : 4;
  }
  if (blocks > 16 + length / 4096) throw new RangeError(`${blocks} blocks for ${length} bytes`);
}

function contentOf(view: DataView, at: number, size: number): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, true) + 256;
  return size === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
