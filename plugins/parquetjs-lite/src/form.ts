import { setImmediate } from "node:timers/promises";
import type { RecordBatch, Schema } from "apache-arrow";
import { type FileForm, JacoflowError } from "jacoflow";
import parquetjs, { type RowBuffer } from "parquetjs-lite";
import { type ColumnForm, columnForm } from "./columns.js";
import { parquetjsErrors } from "./errors.js";

/** How the pages of a file are compressed. */
export const compressions = ["none", "snappy", "gzip"] as const;
export type Compression = (typeof compressions)[number];

/** Values that are encoded between two turns of the event loop, unless one row has more: 5 to 20 ms. */
const valuesPerRowGroup = 16_384;

/**
 * Batches of one schema as one Parquet file that parquetjs-lite encodes. Its `appendRow` is not called: that writes rows
 * twice when a call is not awaited, throws a string at NaN, rounds int64 to 53 bits, drops empty lists and keeps one
 * element of a typed array. Values and levels are handed to its writer instead, a row group at a time.
 * PARQUETJS_COLUMN, PARQUETJS_MISSING_VALUE, PARQUETJS_WRITE, and those of the file.
 */
export const parquetjsForm = (compression: Compression): FileForm => ({
  ending: "parquet",
  write: async (file, { schema, batches, table }) => {
    const codec = compression === "none" ? "UNCOMPRESSED" : compression.toUpperCase();
    const columns = schema.fields.map((field) => columnForm(field, table, codec));
    try {
      const declared = new parquetjs.ParquetSchema(
        Object.fromEntries(columns.map(({ name, declaration }) => [name, declaration])),
      );
      // Version 1 pages: those of version 2 count the elements of lists as rows. No index: it is not awaited.
      const pages = { useDataPageV2: false, pageIndex: false };
      const nothing = async () => undefined;
      const whole = new parquetjs.ParquetEnvelopeWriter(
        declared,
        (bytes) => file.append(bytes),
        nothing,
        0,
        pages,
      );
      await whole.writeHeader();
      for (const rows of rowGroups(batches, columns)) {
        // The library encodes a buffer only when a writer is closed: each row group has one, within one envelope.
        const group = new parquetjs.ParquetWriter(
          declared,
          {
            pageSize: whole.pageSize,
            useDataPageV2: false,
            writeHeader: nothing,
            writeRowGroup: (buffer) => whole.writeRowGroup(buffer),
            writeIndex: nothing,
            writeFooter: nothing,
            close: nothing,
          },
          {},
        );
        group.rowBuffer = rows;
        await group.close();
        await setImmediate();
      }
      await whole.writeFooter(keyValueMetadata(schema));
    } catch (error) {
      throw error instanceof JacoflowError ? error : parquetjsErrors.write(file.path, error);
    }
  },
});

/** The schema's metadata, then the fields' as `column.NAME.KEY` (`column.features.shape`), as sink/parquet keeps it. */
function keyValueMetadata(schema: Schema): Readonly<Record<string, string>> {
  return Object.fromEntries([
    ...schema.metadata,
    ...schema.fields.flatMap(({ name, metadata }) =>
      Array.from(metadata, ([key, value]) => [`column.${name}.${key}`, value]),
    ),
  ]);
}

function emptyBuffer(columns: readonly ColumnForm[]): RowBuffer {
  return {
    rowCount: 0,
    pageRowCount: 0,
    columnData: Object.fromEntries(
      columns.map(({ path }) => [
        path,
        { values: [], rlevels: [], dlevels: [], count: 0, distinct_values: new Set() },
      ]),
    ),
    pages: Object.fromEntries(columns.map(({ path }) => [path, []])),
  };
}

/** The rows of the batches in order; a group ends with the row that brings it to its values. */
function* rowGroups(batches: readonly RecordBatch[], columns: readonly ColumnForm[]): Generator<RowBuffer> {
  let group = emptyBuffer(columns);
  let values = 0;
  for (const batch of batches) {
    const cells = columns.map((_, index) => batch.getChildAt(index)!);
    for (let row = 0; row < batch.numRows; row++) {
      columns.forEach(({ append, path }, index) => {
        const column = group.columnData[path];
        const before = column.count;
        append(cells[index], row, row + 1, column);
        values += column.count - before;
      });
      group.rowCount += 1;
      group.pageRowCount += 1;
      if (values < valuesPerRowGroup) continue;
      yield group;
      group = emptyBuffer(columns);
      values = 0;
    }
  }
  if (group.rowCount > 0) yield group;
}
