import { join } from "node:path";
import type { RecordBatch, Schema } from "apache-arrow";
import { Pieces } from "./pieces.js";

/** Writes the batches of one file, which is at its path when this resolves and not before. */
export type WritePart = (path: string, schema: Schema, batches: readonly RecordBatch[]) => Promise<void>;

/** What a run that was cut off left of a part. */
export interface EarlierPart {
  /** Rows of its file; undefined for one that is not whole, and has to be written whatever it had. */
  readonly rows: number | undefined;
  /** Rows with which it ended, of one that another follows. */
  readonly end?: number;
}

/** What the parts of one folder have in common. */
export interface PartsOptions {
  readonly folder: string;
  readonly rowsPerPart: number;
  /** A part is complete this long after its first batch, too. Default: never by the clock. */
  readonly secondsPerPart?: number | undefined;
  /** File ending without the dot. */
  readonly ending: string;
  readonly writePart: WritePart;
  /** What is there, of a run that goes on: the batches come again from the first, and no file is made shorter. */
  readonly earlier?: readonly EarlierPart[];
}

export function partName(index: number, ending: string): string {
  return `part-${String(index).padStart(5, "0")}.${ending}`;
}

/** Bytes of a part that is complete whatever its rows: its batches are held until then. */
export const bytesPerPart = 32 * 1024 * 1024;

/** A part of more rows than this is replaced by a longer one once in `calm` milliseconds at most. */
const fewRows = 1024;
const calm = 1000;

/**
 * The files of one table of one stage. A part is complete with the batch that brings it to `rowsPerPart` rows or to
 * 32 MB; the last one with the end. Until then it is replaced by a longer one whenever its batches have doubled, once a
 * second at most where rows come fast: so at any time at least half of what came until a second ago lies in whole,
 * readable files, at the cost of few writes. Which rows end up in which file depends on the batches alone, unless
 * `secondsPerPart` makes it depend on the clock.
 */
export class Parts {
  readonly #options: PartsOptions;
  #schema: Schema | undefined;
  #held = new Pieces();
  /** Batches of this part that its file has. */
  #written = 0;
  /** When a file was written last. */
  #lastWrite = Number.NEGATIVE_INFINITY;
  #complete = 0;
  #closed = false;
  /** Ends the part by the clock. */
  #timer: NodeJS.Timeout | undefined;
  /** Writes what came too soon after the last write. */
  #later: NodeJS.Timeout | undefined;
  /** What a write by a timer failed with: nobody waited for it. */
  #overdue: { readonly error: unknown } | undefined;
  /** A run that is stopped finishes a table while its last batch may still be on the way to the disk. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: PartsOptions) {
    this.#options = options;
  }

  /** Files there are. */
  get length(): number {
    return this.#complete + (this.#written > 0 ? 1 : 0);
  }

  get #earlier(): EarlierPart | undefined {
    return this.#options.earlier?.[this.#complete];
  }

  /** Takes a batch and writes it, or keeps it for later. Ignored after `finish` and after a failure. */
  append(batch: RecordBatch): Promise<void> {
    return this.#inTurn(() => this.#take(batch));
  }

  /** Writes what is not yet written. Without any batch, a file with no rows is written when `emptySchema` is given. */
  finish(emptySchema?: Schema): Promise<void> {
    return this.#inTurn(() => this.#end(emptySchema));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  async #take(batch: RecordBatch): Promise<void> {
    this.#throwOverdue();
    if (this.#closed) return;
    this.#startClock();
    // Every batch of a port has one schema: its output sees to that.
    this.#schema ??= batch.schema;
    this.#held.add(batch);
    if (this.#isComplete) {
      await this.#write(this.#schema, true);
      this.#begin();
    } else if (this.#held.batches >= 2 * this.#written) {
      const wait = this.#held.rows <= fewRows ? 0 : this.#lastWrite + calm - performance.now();
      if (wait <= 0) await this.#write(this.#schema);
      else this.#writeLater(this.#schema, wait);
    }
  }

  #writeLater(schema: Schema, milliseconds: number): void {
    const write = async () => {
      this.#later = undefined;
      if (!this.#closed && this.#held.batches >= 2 * this.#written) await this.#write(schema);
    };
    const inTurn = () =>
      this.#inTurn(write).catch((error) => {
        this.#overdue = { error };
      });
    this.#later ??= setTimeout(inTurn, milliseconds);
  }

  get #isComplete(): boolean {
    const end = this.#earlier?.end;
    // What ended a part may have been the clock: it ends there again.
    if (end !== undefined) return this.#held.rows >= end;
    return this.#held.rows >= this.#options.rowsPerPart || this.#held.bytes >= bytesPerPart;
  }

  async #end(emptySchema: Schema | undefined): Promise<void> {
    clearTimeout(this.#timer);
    clearTimeout(this.#later);
    this.#throwOverdue();
    if (this.#closed) return;
    if (this.#schema !== undefined && this.#held.batches > this.#written) await this.#write(this.#schema);
    if (this.#schema === undefined && emptySchema !== undefined) {
      await this.#write(emptySchema);
      this.#begin();
    }
    this.#closed = true;
  }

  async #write(schema: Schema, complete = false): Promise<void> {
    const { folder, ending, writePart } = this.#options;
    const there = this.#earlier?.rows ?? -1;
    try {
      // The same batches make the same bytes, and a longer file has these rows too.
      if (this.#held.rows === there || (this.#held.rows < there && !complete)) {
        this.#written = this.#held.batches;
        return;
      }
      await writePart(join(folder, partName(this.#complete, ending)), schema, this.#held.all());
      this.#written = this.#held.batches;
      this.#lastWrite = performance.now();
    } catch (error) {
      this.#closed = true;
      throw error;
    }
  }

  #startClock(): void {
    const { secondsPerPart } = this.#options;
    if (secondsPerPart === undefined || this.#timer !== undefined) return;
    if (this.#earlier?.end !== undefined || this.#held.rows < (this.#earlier?.rows ?? 0)) return;
    const part = this.#complete;
    const end = () =>
      this.#inTurn(() => this.#endPart(part)).catch((error) => {
        this.#overdue = { error };
      });
    this.#timer = setTimeout(end, secondsPerPart * 1000);
  }

  /** Completes a part unless its rows did before. */
  async #endPart(part: number): Promise<void> {
    if (this.#closed || this.#schema === undefined || part !== this.#complete) return;
    if (this.#held.batches > this.#written) await this.#write(this.#schema);
    this.#begin();
  }

  #throwOverdue(): void {
    const overdue = this.#overdue;
    this.#overdue = undefined;
    if (overdue !== undefined) throw overdue.error;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#later);
    this.#later = undefined;
    this.#complete += 1;
    this.#held = new Pieces();
    this.#written = 0;
  }
}
