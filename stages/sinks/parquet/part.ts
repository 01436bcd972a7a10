import type { RecordBatch, Schema } from "apache-arrow";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { AtomicFile, type FileSystem } from "../files.js";
import type { Part } from "../parts.js";
import { columnSources, type RowRange, valueCounter } from "./columns.js";
import { keyValueMetadata, parquetSchemaOf } from "./schema.js";

/**
 * Values in a row group, at most, unless one row has more: boxing and encoding them takes 5 to 15 ms, during which
 * nothing else runs (design §2: below 50 ms, so a single list should stay below 400,000 values).
 */
const valuesPerRowGroup = 65_536;

/** Bytes of a Parquet file on their way to an atomic file: every row group is written out when it is whole. */
class FileWriter extends ByteWriter {
  readonly #file: AtomicFile;

  constructor(file: AtomicFile) {
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

/** One Parquet file of a table. Holds at most a row group's rows back. */
export class ParquetPart implements Part {
  readonly #file: AtomicFile;
  readonly #parquet: ParquetWriter;
  #waiting: RowRange[] = [];
  #waitingValues = 0;

  /** `schema` is that of every batch. UNSUPPORTED_COLUMN when a column has no Parquet type. */
  constructor(path: string, schema: Schema, table: string, files: FileSystem) {
    this.#file = new AtomicFile(path, files);
    this.#parquet = new ParquetWriter({
      writer: new FileWriter(this.#file),
      schema: parquetSchemaOf(schema, table),
      kvMetadata: keyValueMetadata(schema),
      createdBy: "jacoflow",
    });
  }

  async append(batch: RecordBatch): Promise<void> {
    const valuesOf = valueCounter(batch);
    let from = 0;
    for (let row = 0; row < batch.numRows; row++) {
      const count = valuesOf(row);
      if (this.#waitingValues > 0 && this.#waitingValues + count > valuesPerRowGroup) {
        this.#take(batch, from, row);
        from = row;
        await this.#writeRowGroup();
      }
      this.#waitingValues += count;
    }
    this.#take(batch, from, batch.numRows);
  }

  #take(batch: RecordBatch, from: number, to: number): void {
    if (to > from) this.#waiting.push({ batch, from, to });
  }

  async #writeRowGroup(): Promise<void> {
    if (this.#waiting.length === 0) return;
    const columnData = columnSources(this.#waiting);
    this.#waiting = [];
    this.#waitingValues = 0;
    await this.#parquet.write({ columnData, rowGroupSize: columnData[0].data.length });
    await new Promise((resolve) => setImmediate(resolve));
  }

  async complete(): Promise<void> {
    await this.#writeRowGroup();
    await this.#parquet.finish();
    await this.#file.complete();
  }

  abandon(): Promise<void> {
    return this.#file.abandon();
  }
}
