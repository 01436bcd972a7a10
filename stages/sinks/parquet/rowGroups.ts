import { asyncBufferFromFile, type FileMetaData, parquetRead, parquetSchema } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parquetFooter } from "../../parquetFooter.js";

/** Columns of rows by name, as hyparquet gives them: int64 as bigint, lists as arrays. */
export type ColumnValues = Readonly<Record<string, readonly unknown[]>>;

/** A Parquet file read a row group at a time; the last one read is kept. */
export interface RowGroupFile {
  readonly path: string;
  readonly metadata: FileMetaData;
  readonly columns: readonly string[];
  /** All of one column. */
  column(name: string): Promise<readonly unknown[]>;
  /** Rows from … to − 1 in slices that end where row groups do. */
  rows(from: number, to: number): AsyncIterable<ColumnValues>;
}

/** Opens a file of which row groups are read. Throws errors that are not ours: hyparquet's, and why it is damaged. */
export async function openRowGroups(path: string): Promise<RowGroupFile> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetFooter(file);
  const columns = parquetSchema(metadata).children.map(({ element }) => element.name);
  const starts = [0];
  for (const { num_rows } of metadata.row_groups) starts.push(starts[starts.length - 1] + Number(num_rows));
  let kept: { readonly group: number; readonly values: ColumnValues } | undefined;

  if (starts[starts.length - 1] !== Number(metadata.num_rows)) {
    throw new Error(`its row groups have ${starts[starts.length - 1]} rows, all of it ${metadata.num_rows}`);
  }

  async function readColumn(name: string, from: number, to: number): Promise<readonly unknown[]> {
    const values: unknown[] = [];
    await parquetRead({
      file,
      metadata,
      compressors,
      columns: [name],
      rowStart: from,
      rowEnd: to,
      onChunk: ({ columnData, rowStart, rowEnd }) => {
        const skipped = Math.max(0, from - rowStart);
        for (let row = skipped; row < Math.min(to, rowEnd) - rowStart; row++) values.push(columnData[row]);
      },
    });
    if (values.length !== to - from) {
      throw new Error(`column ${name} has ${values.length} of the ${to - from} rows from ${from}`);
    }
    return values;
  }

  // One after the other: of columns that are read at once, hyparquet lets the error of the second one go to nobody.
  async function read(names: readonly string[], from: number, to: number): Promise<ColumnValues> {
    const values: Record<string, readonly unknown[]> = {};
    for (const name of names) values[name] = await readColumn(name, from, to);
    return values;
  }

  return {
    path,
    metadata,
    columns,
    column: (name) => readColumn(name, 0, starts[starts.length - 1]),
    async *rows(from, to) {
      for (let at = from; at < to; ) {
        const group = starts.findIndex((start, index) => start <= at && at < starts[index + 1]);
        if (kept?.group !== group) {
          kept = { group, values: await read(columns, starts[group], starts[group + 1]) };
        }
        const end = Math.min(to, starts[group + 1]);
        const { values } = kept;
        const [first, last] = [at - starts[group], end - starts[group]];
        yield Object.fromEntries(columns.map((name) => [name, values[name].slice(first, last)]));
        at = end;
      }
    },
  };
}
