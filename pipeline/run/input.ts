import type { RecordBatch } from "apache-arrow";
import { Observable, type Observer, Subscriber, Subscription } from "rxjs";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { InputStream, Source } from "../stage.js";
import { type HoldsDelivery, holdDelivery } from "../streams.js";
import type { Edge } from "./edge.js";

/** How a batch is handled and how the stream's end is told. */
interface Reader {
  readonly next: (batch: RecordBatch) => unknown;
  /** The stream failed or the run was stopped. */
  readonly error: (error: unknown) => void;
  readonly complete: () => void;
  /** The reader's own code threw or its promise rejected. */
  readonly broken: (error: unknown) => void;
}

/**
 * The reader's end of an edge as an Observable that waits: the next batch is delivered when the promise the reader's
 * own function returned is settled, an operator's `next` has returned and what `inTurn` holds back is done.
 * Delivery starts with the subscription and there can be one only.
 */
export class Input extends Observable<RecordBatch> implements InputStream, HoldsDelivery {
  readonly origin: Source;
  readonly #edge: Edge;
  readonly #uncaught: (error: unknown) => void;
  readonly #held = new Set<Promise<unknown>>();
  #reading = false;

  /** `uncaught` gets what a function given to `subscribe` throws: nobody else would see it. */
  constructor(edge: Edge, uncaught: (error: unknown) => void) {
    super();
    this.origin = { ...edge.wire.from, table: edge.wire.table };
    this.#edge = edge;
    this.#uncaught = uncaught;
  }

  override forEach(handle: (batch: RecordBatch) => void | Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#read({ next: handle, error: reject, complete: resolve, broken: reject });
    });
  }

  override subscribe(
    observerOrNext?: Partial<Observer<RecordBatch>> | ((batch: RecordBatch) => unknown) | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observerOrNext instanceof Subscriber) {
      this.#read({
        // A pipe's operators handle what they get before they return; work of inTurn arrives by holdDelivery.
        next: (batch) => {
          observerOrNext.next(batch);
        },
        error: (reason) => observerOrNext.error(reason),
        complete: () => observerOrNext.complete(),
        broken: this.#uncaught,
      });
      observerOrNext.add(() => this.#edge.detach());
      return observerOrNext;
    }
    const observer: Partial<Observer<RecordBatch>> =
      typeof observerOrNext === "function"
        ? { next: observerOrNext, ...(error ? { error } : {}), ...(complete ? { complete } : {}) }
        : (observerOrNext ?? {});
    const subscription = new Subscription(() => this.#edge.detach());
    this.#read({
      next: (batch) => observer.next?.(batch),
      error: (reason) => {
        if (!subscription.closed) observer.error?.(reason);
        subscription.unsubscribe();
      },
      complete: () => {
        if (!subscription.closed) observer.complete?.();
        subscription.unsubscribe();
      },
      broken: this.#uncaught,
    });
    return subscription;
  }

  [Symbol.asyncIterator](): AsyncIterator<RecordBatch> {
    this.#claim();
    const edge = this.#edge;
    return {
      next: async () => {
        const batch = await edge.take();
        return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch };
      },
      return: async () => {
        edge.detach();
        return { done: true, value: undefined };
      },
    };
  }

  [holdDelivery](work: Promise<unknown>): void {
    const held = work.finally(() => this.#held.delete(held));
    this.#held.add(held);
    // Whoever made the promise handles its rejection; here only its end counts.
    held.catch(() => undefined);
  }

  #claim(): void {
    if (this.#reading) throw runErrors.inputReadTwice(`${this.origin.stage}.${this.origin.port}`);
    this.#reading = true;
  }

  #read(reader: Reader): void {
    this.#claim();
    void this.#pump(reader);
  }

  async #pump(reader: Reader): Promise<void> {
    try {
      for (;;) {
        let batch: RecordBatch | undefined;
        try {
          batch = await this.#edge.take();
        } catch (error) {
          reader.error(error);
          return;
        }
        if (batch === undefined) break;
        await reader.next(batch);
        while (this.#held.size > 0) await Promise.allSettled(this.#held);
      }
      reader.complete();
    } catch (error) {
      this.#edge.detach();
      reader.broken(error);
    }
  }
}
