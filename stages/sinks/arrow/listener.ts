import type { ServerResponse } from "node:http";
import type { RecordBatch, Schema } from "apache-arrow";
import { ArrowStream } from "../../../schemas/ipc.js";

/** Bytes that wait for a listener that reads slowly; one that would make it more is let go. */
const mostWaiting = 16 * 1024 * 1024;

/** Who reads a table over HTTP: an Arrow stream of its own, with the schema and the dictionaries first. */
export class Listener {
  readonly #response: ServerResponse;
  readonly #lost: (reason: string) => void;
  #stream: ArrowStream | undefined;

  constructor(response: ServerResponse, lost: (reason: string) => void) {
    this.#response = response;
    this.#lost = lost;
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Sends a batch, or cuts the connection: training never waits for a listener. */
  send(batch: RecordBatch): void {
    this.#write(this.#begun(batch.schema).encode(batch));
  }

  /** Ends the stream; without any batch it has a schema where one is given, else nothing. */
  end(schema: Schema | undefined): void {
    if (!this.isOpen) return;
    const stream = this.#stream ?? (schema === undefined ? undefined : this.#begun(schema));
    if (stream !== undefined) this.#write(stream.finish());
    if (this.isOpen) this.#response.end();
  }

  #begun(schema: Schema): ArrowStream {
    this.#stream ??= new ArrowStream(schema);
    return this.#stream;
  }

  #write(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.#response.writableLength + bytes.length > mostWaiting) {
      this.#lost(`${this.#response.writableLength} bytes wait to be read`);
      this.#response.destroy();
      return;
    }
    this.#response.write(bytes);
  }
}
