import type { RecordBatch } from "apache-arrow";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import type { FileForm, PartFile } from "../keptTables.js";
import { columnSources, type RowRange, valueCounter } from "./columns.js";
import { keyValueMetadata, parquetSchemaOf } from "./schema.js";

/**
 * Values in a row group, at most, unless one row has more: boxing and encoding them takes 5 to 15 ms, during which
 * nothing else runs (design §2: below 50 ms, so a single list should stay below 400,000 values).
 */
const valuesPerRowGroup = 65_536;

/** Bytes of a Parquet file on their way to a part: every row group is written out when it is whole. */
class FileWriter extends ByteWriter {
  readonly #file: PartFile;

  constructor(file: PartFile) {
    super(1 << 16);
    this.#file = file;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes();
    this.index = 0;
    if (bytes.length > 0) await this.#file.append(bytes);
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}

/** Batches of one schema as one Parquet file. UNSUPPORTED_COLUMN when a column has no Parquet type. */
export const parquetForm: FileForm = {
  ending: "parquet",
  write: async (file, { schema, batches, table }) => {
    const parquet = new ParquetWriter({
      writer: new FileWriter(file),
      schema: parquetSchemaOf(schema, table),
      kvMetadata: keyValueMetadata(schema),
      createdBy: "jacoflow",
    });
    for (const group of rowGroups(batches)) {
      const columnData = columnSources(group);
      await parquet.write({ columnData, rowGroupSize: columnData[0].data.length });
      await new Promise((resolve) => setImmediate(resolve));
    }
    await parquet.finish();
  },
};

/** The rows of the batches in order, cut where the next row would bring a group above its values. */
function* rowGroups(batches: readonly RecordBatch[]): Generator<readonly RowRange[]> {
  let group: RowRange[] = [];
  let values = 0;
  for (const batch of batches) {
    const valuesOf = valueCounter(batch);
    let from = 0;
    for (let row = 0; row < batch.numRows; row++) {
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
    if (batch.numRows > from) group.push({ batch, from, to: batch.numRows });
  }
  if (group.length > 0) yield group;
}
