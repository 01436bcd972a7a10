import type { FileMetaData } from "hyparquet";
import { columnsOf, openParquet, readColumn } from "../../parquet/file.js";

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

/** Opens a file of which row groups are read. Throws PARQUET_PAGE, and errors that are not ours: hyparquet's, and why it is damaged. */
export async function openRowGroups(path: string): Promise<RowGroupFile> {
  const file = await openParquet(path);
  const { footer: metadata } = file;
  const columns = columnsOf(file);
  const starts = [0];
  for (const { num_rows } of metadata.row_groups) starts.push(starts[starts.length - 1] + Number(num_rows));
  let kept: { readonly group: number; readonly values: ColumnValues } | undefined;

  if (starts[starts.length - 1] !== Number(metadata.num_rows)) {
    throw new Error(`its row groups have ${starts[starts.length - 1]} rows, all of it ${metadata.num_rows}`);
  }

  async function valuesOf(name: string, group: number): Promise<readonly unknown[]> {
    const values: unknown[] = [];
    const rows = starts[group + 1] - starts[group];
    for (const piece of await readColumn(file, name, group)) {
      for (let row = 0; row < piece.length && values.length < rows; row++) values.push(piece[row]);
    }
    if (values.length !== rows) {
      throw new Error(`column ${name} has ${values.length} of the ${rows} rows from ${starts[group]}`);
    }
    return values;
  }

  // One after the other: of columns that are read at once, hyparquet lets the error of the second one go to nobody.
  async function read(group: number): Promise<ColumnValues> {
    const values: Record<string, readonly unknown[]> = {};
    for (const name of columns) values[name] = await valuesOf(name, group);
    return values;
  }

  return {
    path,
    metadata,
    columns,
    async column(name) {
      const groups: (readonly unknown[])[] = [];
      for (let group = 0; group < metadata.row_groups.length; group += 1)
        groups.push(await valuesOf(name, group));
      return groups.flat();
    },
    async *rows(from, to) {
      for (let at = from; at < to; ) {
        const group = starts.findIndex((start, index) => start <= at && at < starts[index + 1]);
        if (kept?.group !== group) {
          kept = { group, values: await read(group) };
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
