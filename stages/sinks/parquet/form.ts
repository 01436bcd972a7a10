import { ParquetWriter } from "hyparquet-writer";
import type { FileForm } from "../keptTables.js";
import { columnSources, type RowRange, valueCounter } from "./columns.js";
import { type Compression, codecOf, codecs } from "./compression.js";
import { FileWriter } from "./fileWriter.js";
import { rangesByStep, stepColumn } from "./order.js";
import { keyValueMetadata, parquetSchemaOf } from "./schema.js";

/**
 * Values in a row group, at most, unless one row has more: boxing and encoding them takes 5 to 15 ms, during which
 * nothing else runs (design §2: below 50 ms, so a single list should stay below 400,000 values).
 */
const valuesPerRowGroup = 65_536;

/**
 * Batches of one schema as one Parquet file: rows by step (those of one step in the order they came), statistics of every
 * column that is no list, dictionaries where they at least halve a column. UNSUPPORTED_COLUMN when a column has no
 * Parquet type, MISSING_VALUE for a null that its schema does not allow.
 */
export const parquetForm = (compression: Compression): FileForm => ({
  ending: "parquet",
  write: async (file, { schema, batches, table }) => {
    const order = stepColumn(schema);
    const parquet = new ParquetWriter({
      writer: new FileWriter(file),
      schema: parquetSchemaOf(schema, table),
      ...codecOf(codecs[compression]),
      kvMetadata: keyValueMetadata(schema),
      createdBy: "jacoflow",
    });
    for (const group of rowGroups(rangesByStep(batches, order))) {
      const columnData = columnSources(table, group);
      await parquet.write({ columnData, rowGroupSize: columnData[0].data.length });
      if (order !== undefined) {
        const sorting = { column_idx: order, descending: false, nulls_first: false };
        Object.assign(parquet.row_groups[parquet.row_groups.length - 1], { sorting_columns: [sorting] });
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await parquet.finish();
  },
});

/** The rows of the ranges in order, cut where the next row would bring a group above its values. */
function* rowGroups(ranges: readonly RowRange[]): Generator<readonly RowRange[]> {
  let group: RowRange[] = [];
  let values = 0;
  for (const { batch, from: start, to } of ranges) {
    const valuesOf = valueCounter(batch);
    let from = start;
    for (let row = start; row < to; row++) {
      const count = valuesOf(row);
      if (values > 0 && values + count > valuesPerRowGroup) {
        if (row > from) group.push({ batch, from, to: row });
        yield group;
        group = [];
        values = 0;
        from = row;
      }
      values += count;
    }
    if (to > from) group.push({ batch, from, to });
  }
  if (group.length > 0) yield group;
}
