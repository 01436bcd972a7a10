import type { RecordBatch, Schema } from "apache-arrow";
import { encodeArrow } from "../../schemas/ipc.js";
import { AtomicFile, type FileSystem } from "./files.js";
import type { Part } from "./parts.js";

/** One Arrow IPC file of a table. Its batches are kept by reference until it is complete. */
export class ArrowPart implements Part {
  readonly #file: AtomicFile;
  readonly #schema: Schema;
  readonly #batches: RecordBatch[] = [];

  constructor(path: string, schema: Schema, files: FileSystem) {
    this.#file = new AtomicFile(path, files);
    this.#schema = schema;
  }

  async append(batch: RecordBatch): Promise<void> {
    this.#batches.push(batch);
  }

  async complete(): Promise<void> {
    for (const chunk of await encodeArrow(this.#schema, this.#batches)) await this.#file.append(chunk);
    await this.#file.complete();
  }

  abandon(): Promise<void> {
    return this.#file.abandon();
  }
}
