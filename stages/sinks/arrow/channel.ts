import type { ServerResponse } from "node:http";
import type { RecordBatch, Schema } from "apache-arrow";
import { ArrowStream } from "../../../schemas/ipc.js";
import { Listener } from "./listener.js";

/** Bytes of the newest batches that a late listener gets first. */
const mostKept = 8 * 1024 * 1024;

/**
 * One table of one stage for any number of listeners, who may come at any time. What they read is encoded once and waits in
 * memory once, however many of them are slow.
 */
export class Channel {
  readonly #listeners = new Set<Listener>();
  readonly #lost: (reason: string) => void;
  #stream: ArrowStream | undefined;
  /** Schema and dictionaries: what every listener gets before any batch. */
  #head = new Uint8Array();
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  #sent = 0;
  /** What ends the stream, once it has ended. */
  #tail: Uint8Array | undefined;

  /** `lost` is told why a listener was let go. */
  constructor(lost: (reason: string) => void) {
    this.#lost = lost;
  }

  /** Passes a batch on to whoever listens, and keeps it for those who come later. Errors: REPLACED_DICTIONARY. */
  send(batch: RecordBatch): void {
    const bytes = this.#encode(batch);
    this.#sent += 1;
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    while (this.#keptBytes > mostKept && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()!.length;
    }
    this.#write(bytes);
  }

  /** Answers with the stream: the newest batches so far, then each that comes; the head says how many are missing. */
  join(response: ServerResponse): void {
    response.writeHead(200, {
      "Content-Type": "application/vnd.apache.arrow.stream",
      "Jacoflow-Missed-Batches": String(this.#sent - this.#kept.length),
    });
    response.flushHeaders();
    const listener = new Listener(response, this.#lost);
    for (const bytes of [this.#head, ...this.#kept]) listener.write(bytes);
    if (this.#tail === undefined) this.#listeners.add(listener);
    else listener.end(this.#tail);
  }

  /** Ends every stream: of a table of which nothing came with this schema, where one is given, else without a byte. */
  end(schema: Schema | undefined): void {
    if (this.#stream === undefined && schema !== undefined) {
      this.#stream = new ArrowStream(schema);
      this.#begin(this.#stream.begin());
    }
    this.#tail = this.#stream?.finish() ?? new Uint8Array();
    for (const listener of this.#listeners) listener.end(this.#tail);
    this.#listeners.clear();
  }

  #encode(batch: RecordBatch): Uint8Array {
    if (this.#stream !== undefined) return this.#stream.encode(batch);
    const stream = new ArrowStream(batch.schema);
    this.#stream = stream;
    // The first batch has schema and dictionaries in front, the next comes by itself: one without rows shows the difference.
    const empty = batch.slice(0, 0);
    const [first, second] = [stream.encode(empty), stream.encode(empty)];
    this.#begin(first.slice(0, first.length - second.length));
    return stream.encode(batch);
  }

  #begin(head: Uint8Array<ArrayBuffer>): void {
    this.#head = head;
    this.#write(head);
  }

  #write(bytes: Uint8Array): void {
    for (const listener of this.#listeners) {
      if (listener.isOpen) listener.write(bytes);
      else this.#listeners.delete(listener);
    }
  }
}
