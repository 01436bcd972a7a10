import type { ServerResponse } from "node:http";
import type { RecordBatch, Schema } from "apache-arrow";
import { heldBytesOf } from "../../../schemas/held.js";
import { Listener } from "./listener.js";

/** Bytes of the newest batches that a late listener gets first. */
const mostKept = 8 * 1024 * 1024;

/** One table of one stage for any number of listeners, who may come at any time. */
export class Channel {
  readonly #listeners = new Set<Listener>();
  readonly #lost: (reason: string) => void;
  #kept: RecordBatch[] = [];
  #keptBytes = 0;
  #sent = 0;
  #ended: { readonly schema: Schema | undefined } | undefined;

  /** `lost` is told why a listener was let go. */
  constructor(lost: (reason: string) => void) {
    this.#lost = lost;
  }

  /** Passes a batch on to whoever listens, and keeps it for those who come later. */
  send(batch: RecordBatch): void {
    this.#sent += 1;
    this.#kept.push(batch);
    this.#keptBytes += heldBytesOf(batch);
    while (this.#keptBytes > mostKept && this.#kept.length > 1) {
      this.#keptBytes -= heldBytesOf(this.#kept.shift()!);
    }
    for (const listener of this.#listeners) {
      if (listener.isOpen) listener.send(batch);
      else this.#listeners.delete(listener);
    }
  }

  /** Answers with the stream: the newest batches so far, then each that comes; the head says how many are missing. */
  join(response: ServerResponse): void {
    response.writeHead(200, {
      "Content-Type": "application/vnd.apache.arrow.stream",
      "Jacoflow-Missed-Batches": String(this.#sent - this.#kept.length),
    });
    response.flushHeaders();
    const listener = new Listener(response, this.#lost);
    for (const batch of this.#kept) listener.send(batch);
    if (this.#ended === undefined) this.#listeners.add(listener);
    else listener.end(this.#ended.schema);
  }

  /** Ends every stream; `schema` is that of a table of which nothing came. */
  end(schema: Schema | undefined): void {
    this.#ended = { schema };
    for (const listener of this.#listeners) listener.end(schema);
    this.#listeners.clear();
  }
}
