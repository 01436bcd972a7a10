import { join } from "node:path";
import type { RecordBatch, Schema } from "apache-arrow";

/** One file of a table on its way to the disk. */
export interface Part {
  append(batch: RecordBatch): Promise<void>;
  /** The file is at its path when this resolves. */
  complete(): Promise<void>;
  /** Nothing is left of it. */
  abandon(): Promise<void>;
}

/** What the parts of one folder have in common. */
export interface PartsOptions {
  readonly folder: string;
  readonly rowsPerPart: number;
  /** File ending without the dot. */
  readonly ending: string;
  readonly openPart: (path: string, schema: Schema) => Part;
}

export function partName(index: number, ending: string): string {
  return `part-${String(index).padStart(5, "0")}.${ending}`;
}

/**
 * The files of one table of one stage. Which batch ends up in which file depends on the batches alone: a part is
 * completed by the batch that brings it to `rowsPerPart` rows, or to as many batches as all parts before it hold
 * together (1, 1, 2, 4, 8, …). So at any time at least half of what came lies in whole, readable files, and their number
 * grows with the logarithm of the batches.
 */
export class Parts {
  readonly #options: PartsOptions;
  #schema: Schema | undefined;
  #part: Part | undefined;
  #partRows = 0;
  #partBatches = 0;
  #completedBatches = 0;
  #completedParts = 0;
  #closed = false;

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  /** Files completed so far. */
  get length(): number {
    return this.#completedParts;
  }

  /** Writes a batch; resolves when it may be forgotten. Ignored after `finish` and after a failure. */
  async append(batch: RecordBatch): Promise<void> {
    if (this.#closed) return;
    // Every batch of a port has one schema: its output sees to that.
    this.#schema ??= batch.schema;
    await this.#guard(async (part) => {
      await part.append(batch);
      this.#partRows += batch.numRows;
      this.#partBatches += 1;
      const enoughBatches = this.#partBatches >= Math.max(1, this.#completedBatches);
      if (enoughBatches || this.#partRows >= this.#options.rowsPerPart) await this.#completePart(part);
    });
  }

  /** Completes the last part. Without any batch, a file with no rows is written when `emptySchema` is given. */
  async finish(emptySchema?: Schema): Promise<void> {
    if (this.#closed) return;
    const schema = this.#schema ?? emptySchema;
    if (schema !== undefined && (this.#part !== undefined || this.#completedParts === 0)) {
      this.#schema = schema;
      await this.#guard((part) => this.#completePart(part));
    }
    this.#closed = true;
  }

  async #guard(work: (part: Part) => Promise<void>): Promise<void> {
    const { folder, ending, openPart } = this.#options;
    try {
      this.#part ??= openPart(join(folder, partName(this.#completedParts, ending)), this.#schema!);
      await work(this.#part);
    } catch (error) {
      this.#closed = true;
      await this.#part?.abandon();
      throw error;
    }
  }

  async #completePart(part: Part): Promise<void> {
    await part.complete();
    this.#part = undefined;
    this.#completedParts += 1;
    this.#completedBatches += this.#partBatches;
    this.#partRows = 0;
    this.#partBatches = 0;
  }
}
