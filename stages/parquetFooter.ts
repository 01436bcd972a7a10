import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync } from "hyparquet";

/**
 * What the footer of a Parquet file says. Rejects with hyparquet's errors. Columns of geometry are not looked for: that
 * search never ends in a damaged footer whose groups have fewer than no columns, and no table of ours has any.
 * Groups that hold one column twice, or fewer than no rows, are refused: hyparquet reads what has one name at once, and
 * the error of the second goes to nobody and ends the program.
 */
export async function parquetFooter(file: AsyncBuffer): Promise<FileMetaData> {
  const footer = await parquetMetadataAsync(file, { geoparquet: false });
  for (const [at, { columns, num_rows: rows }] of footer.row_groups.entries()) {
    if (rows < 0) throw new Error(`row group ${at} has ${rows} rows`);
    const paths = columns.map(({ meta_data }) => JSON.stringify(meta_data?.path_in_schema));
    const repeated = paths.find((path, index) => paths.indexOf(path) !== index);
    if (repeated !== undefined) throw new Error(`row group ${at} has column ${repeated} more than once`);
  }
  return footer;
}
