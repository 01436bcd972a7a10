import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync } from "hyparquet";

/**
 * What the footer of a Parquet file says. Rejects with hyparquet's errors. Columns of geometry are not looked for: that
 * search never ends in a damaged footer whose groups have fewer than no columns, and no table of ours has any.
 */
export const parquetFooter = (file: AsyncBuffer): Promise<FileMetaData> =>
  parquetMetadataAsync(file, { geoparquet: false });
