import type { RecordBatch } from "apache-arrow";
import { joinBatches } from "../../schemas/join.js";

/** A batch of this many rows or bytes is a piece by itself. */
const largeRows = 4096;
const largeBytes = 65_536;
/** Small batches that become one piece. */
const batchesTogether = 256;

const isLarge = ({ numRows, data }: RecordBatch) => numRows >= largeRows || data.byteLength >= largeBytes;

/**
 * Batches of one schema that are held, small ones joined: a batch of one row takes some kilobytes of memory and of an
 * Arrow file, whatever is in it. Which rows are joined depends on the batches alone.
 */
export class Pieces {
  #pieces: RecordBatch[] = [];
  #small: RecordBatch[] = [];
  #batches = 0;
  #rows = 0;
  #bytes = 0;

  /** Batches added. */
  get batches(): number {
    return this.#batches;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(batch: RecordBatch): void {
    this.#batches += 1;
    this.#rows += batch.numRows;
    this.#bytes += batch.data.byteLength;
    if (isLarge(batch)) this.#pieces.push(...joined(this.#small.splice(0)), batch);
    else if (this.#small.push(batch) === batchesTogether) this.#pieces.push(...joined(this.#small.splice(0)));
  }

  /** All rows in the order they came. */
  all(): readonly RecordBatch[] {
    return [...this.#pieces, ...joined(this.#small)];
  }
}

function joined(batches: readonly RecordBatch[]): readonly RecordBatch[] {
  const whole = batches.length > 1 ? joinBatches(batches) : undefined;
  return whole === undefined ? batches : [whole];
}
