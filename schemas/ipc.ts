import {
  type Data,
  DataType,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
  type Schema,
  type Vector,
} from "apache-arrow";
import { runErrors } from "./errors/pipeline.js";
import { checkArrow } from "./ipcCheck.js";

/** `file` can be read at any place and is what DuckDB, pandas and polars open; `stream` is read front to back. */
export type ArrowForm = "file" | "stream";

/**
 * The one way of the house to write Arrow IPC: the chunks of a file with these batches, in order, to be written one
 * after the other. They are views of the batches' memory, not copies.
 *
 * `tableToIPC` and `Table.toUint8Array` join neighbouring chunks by their place in memory, which writes garbage when
 * two columns are one typed array (label and clean_label before noise), so the chunks are taken apart from that here.
 * All batches are written under `schema`. Errors: REPLACED_DICTIONARY when two batches' dictionaries differ.
 */
export async function encodeArrow(
  schema: Schema,
  batches: Iterable<RecordBatch>,
  form: ArrowForm = "file",
): Promise<readonly Uint8Array[]> {
  const writer = form === "file" ? new RecordBatchFileWriter() : new RecordBatchStreamWriter();
  // Begins the file here, so that one without batches has its schema too.
  writer.reset(undefined, schema);
  const dictionaries = new Map<number, Vector>();
  for (const batch of batches) writer.write(underOneSchema(schema, batch, dictionaries));
  writer.finish();
  const chunks: Uint8Array[] = [];
  for await (const chunk of writer) chunks.push(chunk);
  return chunks;
}

/** A writer whose bytes are taken as they come, instead of all at the end. */
class ChunkWriter extends RecordBatchStreamWriter {
  #chunks: Uint8Array[] = [];

  take(): readonly Uint8Array[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    // The places of all batches are for the footer, which a stream has not: they would be held for as long as it goes on.
    this._recordBatchBlocks.length = 0;
    return chunks;
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started || chunk.byteLength === 0) return this;
    this.#chunks.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this._position += chunk.byteLength;
    return this;
  }
}

/**
 * An Arrow IPC stream that is made batch by batch: `begin` is its schema, `encode` of a batch follows in order (with the
 * dictionaries before the first), `finish` is its end. Bytes are new memory. Errors: REPLACED_DICTIONARY.
 */
export class ArrowStream {
  readonly #schema: Schema;
  readonly #writer = new ChunkWriter();
  readonly #dictionaries = new Map<number, Vector>();

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#writer.reset(undefined, schema);
  }

  begin(): Uint8Array<ArrayBuffer> {
    return joinChunks(this.#writer.take());
  }

  encode(batch: RecordBatch): Uint8Array<ArrayBuffer> {
    this.#writer.write(underOneSchema(this.#schema, batch, this.#dictionaries));
    return joinChunks(this.#writer.take());
  }

  finish(): Uint8Array<ArrayBuffer> {
    this.#writer.finish();
    return joinChunks(this.#writer.take());
  }
}

/** All chunks one after the other in new memory. */
export function joinChunks(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}

/**
 * The batches of an Arrow IPC file or stream, as views of `bytes`. Throws an Error that is not ours on bytes that are
 * neither, or damaged.
 */
export function decodeArrow(bytes: Uint8Array): {
  readonly schema: Schema;
  readonly batches: readonly RecordBatch[];
} {
  // Typed arrays can only be laid over memory at multiples of their item's size.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  checkArrow(aligned);
  const reader = RecordBatchReader.from(aligned).open();
  const { schema } = reader;
  if (schema === undefined || schema === null) throw new Error("neither an Arrow IPC file nor a stream");
  return { schema, batches: [...reader] };
}

/**
 * The batch's memory under exactly this schema object, which has to be equal to its own. `new RecordBatch` alone makes
 * a copy of the schema, so that no two batches would share one.
 */
export function withSchema(schema: Schema, batch: RecordBatch): RecordBatch {
  return Object.assign(new RecordBatch(schema, batch.data), { schema });
}

/** How two schemas differ, in words; undefined when they are the same, metadata included. */
export function schemaDifference(left: Schema, right: Schema): string | undefined {
  const names = (schema: Schema) => schema.fields.map((field) => field.name).join(", ");
  if (names(left) !== names(right)) return `columns ${names(left)} and ${names(right)}`;
  for (const [index, field] of left.fields.entries()) {
    const other = right.fields[index];
    if (String(field.type) !== String(other.type)) {
      return `column ${field.name} is ${field.type} and ${other.type}`;
    }
    if (field.nullable !== other.nullable) return `column ${field.name} may hold nulls in one only`;
    const key = differentKey(field.metadata, other.metadata);
    if (key !== undefined) return `metadata "${key}" of column ${field.name}`;
  }
  const key = differentKey(left.metadata, right.metadata);
  return key === undefined ? undefined : `metadata "${key}"`;
}

function differentKey(
  left: ReadonlyMap<string, string>,
  right: ReadonlyMap<string, string>,
): string | undefined {
  return [...left.keys(), ...right.keys()].find((key) => left.get(key) !== right.get(key));
}

/** The batch with the writer's schema and the first batch's dictionaries: a file may not replace one. */
function underOneSchema(schema: Schema, batch: RecordBatch, dictionaries: Map<number, Vector>): RecordBatch {
  const children = batch.data.children.map((child, index) =>
    withDictionary(child, schema.fields[index].name, dictionaries),
  );
  const same = children.every((child, index) => child === batch.data.children[index]);
  if (same && batch.schema === schema) return batch;
  return new RecordBatch(
    schema,
    makeData({
      type: batch.data.type,
      length: batch.numRows,
      nullCount: 0,
      children,
    }),
  );
}

function withDictionary(column: Data, name: string, dictionaries: Map<number, Vector>): Data {
  if (!DataType.isDictionary(column.type) || column.dictionary === undefined) return column;
  const first = dictionaries.get(column.type.id);
  if (first === undefined) {
    dictionaries.set(column.type.id, column.dictionary);
    return column;
  }
  if (first === column.dictionary) return column;
  if (!sameValues(first, column.dictionary)) throw runErrors.replacedDictionary(name);
  return makeData({
    type: column.type,
    offset: column.offset,
    length: column.length,
    nullCount: column.nullCount,
    nullBitmap: column.nullBitmap,
    data: column.values,
    dictionary: first,
  });
}

/** Whether two dictionaries have the same values in the same order. */
export function sameValues(left: Vector, right: Vector): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (left.get(index) !== right.get(index)) return false;
  }
  return true;
}
