import type { RecordBatch } from "apache-arrow";
import type { Policy, Wire } from "../graph/resolved.js";
import type { BatchStore } from "../stage.js";
import type { Breather } from "./breather.js";
import type { EdgeStatistics } from "./outcome.js";

interface Waiter {
  /** Of a send that was not awaited by the one before: the batch is not on the edge yet. */
  batch: RecordBatch | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Taker {
  readonly resolve: (batch: RecordBatch | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A bounded stream from one output to one input (design §2). It holds at most `capacity` batches, the one the reader is
 * handling included, so sent − handled never exceeds it for a producer that awaits its sends.
 *
 * - `block`: a send resolves when there is room for another batch.
 * - `drop-oldest`: sends never wait; a full edge loses its oldest waiting batch.
 * - `latest`: sends never wait; a batch replaces the one that waits.
 *
 * The newest batch is never lost, so a lossy edge of capacity 1 holds one batch beside the one being handled.
 */
export class Edge {
  readonly wire: Wire;
  readonly #breather: Breather;
  readonly #queue: RecordBatch[] = [];
  readonly #waiters: Waiter[] = [];
  #inHand = 0;
  #taker: Taker | undefined;
  #ended = false;
  #detached = false;
  #failure: { readonly error: unknown } | undefined;
  #store: BatchStore | undefined;
  #appending: Promise<void> = Promise.resolve();
  #backlog: AsyncIterator<RecordBatch> | undefined;
  #maximumDepth = 0;
  #sent = 0;
  #delivered = 0;
  #waits = 0;
  #drops = 0;
  #stored = 0;

  /**
   * With a `store`, batches sent before the reader first takes one go there instead of making the sender wait:
   * for a reader that starts only when a whole input is there which the waiting sender may hold up (see stored.ts).
   */
  constructor(wire: Wire, breather: Breather, store?: BatchStore) {
    this.wire = wire;
    this.#breather = breather;
    this.#store = store;
  }

  get policy(): Policy {
    return this.wire.policy;
  }

  get depth(): number {
    return this.#queue.length + this.#inHand;
  }

  get statistics(): EdgeStatistics {
    return {
      from: this.wire.from,
      to: this.wire.to,
      policy: this.wire.policy,
      capacity: this.wire.capacity,
      depth: this.depth,
      maximumDepth: this.#maximumDepth,
      sent: this.#sent,
      delivered: this.#delivered,
      waits: this.#waits,
      drops: this.#drops,
      stored: this.#stored,
    };
  }

  /** Puts a batch on the edge. The promise, if any, resolves when there is room for another, rejects on `fail`. */
  push(batch: RecordBatch): Promise<void> | undefined {
    if (this.#detached || this.#failure !== undefined) return undefined;
    this.#sent += 1;
    if (this.#store !== undefined) return this.#keep(this.#store, batch);
    switch (this.wire.policy) {
      case "block":
        return this.#pushOrWait(batch);
      case "drop-oldest":
        // One is always let in, or the newest would be lost while the reader handles another.
        while (this.#queue.length > 0 && this.depth >= this.wire.capacity) this.#dropOldest();
        break;
      case "latest":
        while (this.#queue.length > 0) this.#dropOldest();
        break;
    }
    this.#enqueue(batch);
    return undefined;
  }

  /** No more batches will come; those on the edge are still delivered. */
  end(): void {
    this.#ended = true;
    if (this.#taker !== undefined && this.#queue.length === 0) this.#takerTakes(undefined);
  }

  /** As `end`, and senders that wait are told `error`: for sinks, which keep what they were given. */
  endEarly(error: unknown): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    this.end();
  }

  /** Drops what waits; the reader, and senders that wait, get `error`. */
  fail(error: unknown): void {
    if (this.#detached || this.#failure !== undefined) return;
    this.#failure = { error };
    this.#queue.length = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.reject(error);
  }

  /**
   * Reader: the last batch is handled, the next one please. Resolves to undefined at the end, rejects on `fail`.
   * One call at a time.
   */
  async take(): Promise<RecordBatch | undefined> {
    const fromStore = this.#store !== undefined || this.#backlog !== undefined;
    // A batch that is being read back has its place already, or new ones would take it meanwhile.
    this.#inHand = fromStore ? 1 : 0;
    this.#admit();
    const pause = this.#breather.due();
    if (pause !== undefined) await pause;
    if (fromStore) {
      const kept = await this.#takeStored();
      if (kept !== undefined) return this.#hand(kept);
      this.#inHand = 0;
      this.#admit();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#detached) return undefined;
    const batch = this.#queue.shift();
    if (batch !== undefined) return this.#hand(batch);
    if (this.#ended) return undefined;
    return new Promise((resolve, reject) => {
      this.#taker = { resolve, reject };
    });
  }

  /** Reader: no more, thank you. Senders never wait for this edge again. */
  detach(): void {
    if (this.#detached) return;
    this.#detached = true;
    this.#inHand = 0;
    this.#queue.length = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
    if (this.#taker !== undefined) this.#takerTakes(undefined);
  }

  #pushOrWait(batch: RecordBatch): Promise<void> | undefined {
    const free = this.#waiters.length === 0 && this.depth < this.wire.capacity;
    if (free) {
      this.#enqueue(batch);
      if (this.depth < this.wire.capacity) return undefined;
    }
    this.#waits += 1;
    return new Promise((resolve, reject) => {
      this.#waiters.push({ batch: free ? undefined : batch, resolve, reject });
    });
  }

  /** Lets senders go on as far as there is room, in the order they came. */
  #admit(): void {
    while (this.#waiters.length > 0 && this.depth < this.wire.capacity) {
      const waiter = this.#waiters[0];
      if (waiter.batch === undefined) {
        this.#waiters.shift();
        waiter.resolve();
      } else {
        this.#enqueue(waiter.batch);
        waiter.batch = undefined;
      }
    }
  }

  #enqueue(batch: RecordBatch): void {
    if (this.#taker !== undefined) {
      this.#inHand = 1;
      this.#delivered += 1;
      this.#takerTakes(batch);
    } else {
      this.#queue.push(batch);
    }
    this.#maximumDepth = Math.max(this.#maximumDepth, this.depth);
  }

  #hand(batch: RecordBatch): RecordBatch {
    this.#inHand = 1;
    this.#delivered += 1;
    this.#maximumDepth = Math.max(this.#maximumDepth, this.depth);
    return batch;
  }

  #takerTakes(batch: RecordBatch | undefined): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.resolve(batch);
  }

  #dropOldest(): void {
    this.#queue.shift();
    this.#drops += 1;
  }

  #keep(store: BatchStore, batch: RecordBatch): Promise<void> {
    this.#stored += 1;
    this.#appending = this.#appending.then(() => store.append(batch));
    return this.#appending;
  }

  async #takeStored(): Promise<RecordBatch | undefined> {
    if (this.#store !== undefined) {
      const store = this.#store;
      // From here on batches go to the queue, which is read after the backlog: the order stays.
      this.#store = undefined;
      await this.#appending;
      this.#backlog = store[Symbol.asyncIterator]();
    }
    const next = await this.#backlog?.next();
    if (this.#failure !== undefined || this.#detached) {
      await this.#backlog?.return?.();
      this.#backlog = undefined;
      return undefined;
    }
    if (next === undefined || next.done === true) {
      this.#backlog = undefined;
      return undefined;
    }
    return next.value;
  }
}
