import { open, readFile } from "node:fs/promises";
import { RecordBatchReader, type Schema } from "apache-arrow";
import { Footer } from "apache-arrow/ipc/metadata/file";
import { decodeArrow } from "../../schemas/ipc.js";
import { checkArrow, readSchemaBytes } from "../../schemas/ipcCheck.js";
import { columnsOf, openParquet, type ParquetFile, readColumn } from "../parquet/file.js";

/** What a table file says of itself before its rows are read. */
export interface TableHead {
  readonly columns: readonly string[];
  /** Metadata of the whole table: `classes`, `noise`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Metadata of its columns by name: `shape` of the features. */
  readonly columnMetadata: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** A table file from anywhere: values as the file's own types give them, null where there is none. */
export interface ForeignTable extends TableHead {
  readonly rows: number;
  /** Chunks of one column in the order of the rows. */
  column(name: string): AsyncIterable<Iterable<unknown>>;
}

/** A format of table files. Every function throws the format library's own errors, and PARQUET_PAGE. */
export interface TableFormat {
  readonly head: (file: string) => Promise<TableHead>;
  readonly read: (file: string) => Promise<ForeignTable>;
}

/** Formats by the ending of the file's name. */
export const tableFormats: Readonly<Record<string, TableFormat>> = {
  ".parquet": { head: parquetHead, read: readParquet },
  ".arrow": { head: arrowHead, read: readArrow },
};

/** Arrow IPC in its file form has its schema at the end, in its stream form at the start. */
async function arrowHead(file: string): Promise<TableHead> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const { form, bytes } = await readSchemaBytes(size, async (at, length) => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, at);
      return buffer.subarray(0, bytesRead);
    });
    return headOf(form === "file" ? Footer.decode(bytes).schema : schemaOf(bytes));
  } finally {
    await handle.close();
  }
}

function schemaOf(bytes: Uint8Array): Schema {
  const { schema } = RecordBatchReader.from(bytes).open();
  if (schema === undefined || schema === null) throw new Error("neither an Arrow IPC file nor a stream");
  return schema;
}

async function readArrow(file: string): Promise<ForeignTable> {
  const { schema, batches } = decodeArrow(await readFile(file));
  return {
    ...headOf(schema),
    rows: batches.reduce((rows, batch) => rows + batch.numRows, 0),
    async *column(name) {
      for (const batch of batches) yield batch.getChild(name) ?? [];
    },
  };
}

async function parquetHead(file: string): Promise<TableHead> {
  return parquetHeadOf(await openParquet(file));
}

/** One column of one row group at a time. */
async function readParquet(path: string): Promise<ForeignTable> {
  const file = await openParquet(path);
  return {
    ...parquetHeadOf(file),
    rows: Number(file.footer.num_rows),
    async *column(name) {
      for (let group = 0; group < file.footer.row_groups.length; group += 1) {
        yield* await readColumn(file, name, group);
      }
    },
  };
}

function headOf({ fields, metadata }: Schema): TableHead {
  return {
    columns: fields.map((field) => field.name),
    metadata,
    columnMetadata: new Map(fields.map((field) => [field.name, field.metadata])),
  };
}

/**
 * Parquet has metadata of the file only. Ours hold the Arrow schema's, and those of a field as `column.NAME.KEY`; Arrow
 * libraries put a whole Arrow schema under `ARROW:schema`, base64.
 */
function parquetHeadOf(file: ParquetFile): TableHead {
  const columns = columnsOf(file);
  const pairs = (file.footer.key_value_metadata ?? []).flatMap(({ key, value }) =>
    value === undefined ? [] : [[key, value] as const],
  );
  const schema = arrowSchema(pairs.find(([key]) => key === "ARROW:schema")?.[1]);
  const columnMetadata = new Map(
    columns.map((name) => {
      const prefix = `column.${name}.`;
      const own = pairs.flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
      );
      const arrow = schema?.fields.find((field) => field.name === name)?.metadata ?? [];
      return [name, new Map([...arrow, ...own])];
    }),
  );
  return { columns, metadata: new Map([...(schema?.metadata ?? []), ...pairs]), columnMetadata };
}

/** A schema that cannot be read is as if it were not there: the columns say what is needed themselves. */
function arrowSchema(base64: string | undefined): Schema | undefined {
  if (base64 === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(Buffer.from(base64, "base64"));
    checkArrow(bytes);
    return schemaOf(bytes);
  } catch {
    return undefined;
  }
}
