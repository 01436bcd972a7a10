import * as zlib from "node:zlib";
import type { CompressionCodec } from "hyparquet";

/** How the pages of a Parquet file may be compressed; readers of Parquet know all of them. */
export const compressions = ["snappy", "zstd", "gzip", "none"] as const;
export type Compression = (typeof compressions)[number];

type Compressor = (input: Uint8Array) => Uint8Array;

/** Node has it from 22.15 on; undefined before. */
const zstd = (zlib as { readonly zstdCompressSync?: Compressor }).zstdCompressSync;

/** Whether this Node can compress so. */
export function canCompress(compression: Compression): boolean {
  return compression !== "zstd" || zstd !== undefined;
}

/** Parquet's names for them. */
export const codecs = { snappy: "SNAPPY", zstd: "ZSTD", gzip: "GZIP", none: "UNCOMPRESSED" } as const;

/** What the Parquet writer needs for a codec. */
export function codecOf(codec: CompressionCodec): {
  readonly codec: CompressionCodec;
  readonly compressors: Partial<Readonly<Record<CompressionCodec, Compressor>>>;
} {
  return {
    codec,
    compressors: { GZIP: (bytes) => zlib.gzipSync(bytes), ...(zstd === undefined ? {} : { ZSTD: zstd }) },
  };
}
