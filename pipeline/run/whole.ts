import { type RecordBatch, Table } from "apache-arrow";

/**
 * Gathers all batches of one output into a table, once for all inputs that want it whole (design §2).
 * Never makes the sender wait; the batches are kept by reference, not copied.
 */
export class Whole {
  /** Undefined if the output ended without a batch (then it has no schema either); rejects on `fail`. */
  readonly table: Promise<Table | undefined>;
  readonly #batches: RecordBatch[] = [];
  readonly #resolve: (table: Table | undefined) => void;
  readonly #reject: (error: unknown) => void;

  constructor() {
    let settle: { resolve: (table: Table | undefined) => void; reject: (error: unknown) => void } | undefined;
    this.table = new Promise((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#resolve = settle!.resolve;
    this.#reject = settle!.reject;
    // A run may end before any stage waits for the table.
    this.table.catch(() => undefined);
  }

  push(batch: RecordBatch): void {
    this.#batches.push(batch);
  }

  end(): void {
    this.#resolve(this.#batches.length === 0 ? undefined : new Table(this.#batches));
    this.#batches.length = 0;
  }

  fail(error: unknown): void {
    this.#reject(error);
    this.#batches.length = 0;
  }
}
