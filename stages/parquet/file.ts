import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
} from "hyparquet";
import { checkPages } from "./checkPages.js";
import { decompressors } from "./decompress.js";
import { leafOf } from "./leaf.js";

/** A Parquet file whose footer was read. */
export interface ParquetFile {
  readonly path: string;
  readonly source: AsyncBuffer;
  readonly footer: FileMetaData;
}

/**
 * Opens a file and reads its footer. Rejects with hyparquet's errors, or why it is damaged. Columns of geometry are not
 * looked for: that search never ends in a damaged footer whose groups have fewer than no columns, and no table of ours has
 * any. Groups that hold one column twice, or fewer than no rows, are refused: hyparquet reads what has one name at once,
 * and the error of the second goes to nobody and ends the program.
 */
export async function openParquet(path: string): Promise<ParquetFile> {
  const source = await asyncBufferFromFile(path);
  const footer = await parquetMetadataAsync(source, { geoparquet: false });
  for (const [at, { columns, num_rows: rows }] of footer.row_groups.entries()) {
    if (rows < 0) throw new Error(`row group ${at} has ${rows} rows`);
    const paths = columns.map(({ meta_data }) => JSON.stringify(meta_data?.path_in_schema));
    const repeated = paths.find((path, index) => paths.indexOf(path) !== index);
    if (repeated !== undefined) throw new Error(`row group ${at} has column ${repeated} more than once`);
  }
  return { path, source, footer };
}

/** Names of the columns, each once however many parts it has. */
export const columnsOf = ({ footer }: ParquetFile): readonly string[] =>
  parquetSchema(footer).children.map(({ element }) => element.name);

/**
 * Values of one column in one row group, in pieces, as hyparquet gives them: int64 as bigint, lists as arrays. Its pages are
 * checked before (PARQUET_PAGE); rejects otherwise with an error that says what hyparquet says, of which column and group.
 */
export async function readColumn(
  file: ParquetFile,
  name: string,
  group: number,
): Promise<readonly (ArrayLike<unknown> & Iterable<unknown>)[]> {
  const { source, footer } = file;
  await checkColumn(file, name, group);
  const rowStart = footer.row_groups.slice(0, group).reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
  const pieces: (ArrayLike<unknown> & Iterable<unknown>)[] = [];
  const read = parquetRead({
    file: source,
    metadata: footer,
    columns: [name],
    rowStart,
    rowEnd: rowStart + Number(footer.row_groups[group].num_rows),
    compressors: decompressors,
    onChunk: ({ columnData }) => {
      pieces.push(columnData);
    },
  });
  await read.catch((cause) => {
    throw new Error(`column ${name} of row group ${group}: ${String(cause)}`, { cause });
  });
  return pieces;
}

async function checkColumn(
  { path, source, footer }: ParquetFile,
  name: string,
  group: number,
): Promise<void> {
  const schema = parquetSchema(footer);
  const { columns, num_rows: rows } = footer.row_groups[group];
  for (const { meta_data: chunk } of columns) {
    if (chunk?.path_in_schema[0] !== name) continue;
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    const column = chunk.path_in_schema.join(".");
    if (start < 0 || end < start || end > source.byteLength)
      throw new Error(
        `column ${column} of row group ${group} is in bytes ${start} to ${end} of ${source.byteLength}`,
      );
    const place = { file: path, column, group, start };
    checkPages(place, leafOf(schema, chunk), Number(rows), new Uint8Array(await source.slice(start, end)));
  }
}
