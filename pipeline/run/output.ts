import type { RecordBatch, Schema } from "apache-arrow";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { schemaDifference, withSchema } from "../../schemas/ipc.js";
import { tableNameOf } from "../../schemas/table.js";
import type { OutputStream, Source } from "../stage.js";
import type { Breather } from "./breather.js";
import type { Edge } from "./edge.js";
import type { Whole } from "./whole.js";

/** An output port of a running stage: every batch goes to all its readers, each with a queue of its own. */
export class Output implements OutputStream {
  readonly #origin: Source;
  readonly #edges: readonly Edge[];
  readonly #whole: Whole | undefined;
  readonly #breather: Breather;
  readonly #sentOne: (origin: Source, batch: RecordBatch) => void;
  #schema: Schema | undefined;
  #sent = 0;
  #closed: (() => unknown) | undefined;
  #record: ((batch: RecordBatch) => Promise<void> | undefined) | undefined;

  /** `sentOne` is told of every batch, and must return at once. */
  constructor(
    origin: Source,
    edges: readonly Edge[],
    whole: Whole | undefined,
    breather: Breather,
    sentOne: (origin: Source, batch: RecordBatch) => void,
  ) {
    this.#origin = origin;
    this.#edges = edges;
    this.#whole = whole;
    this.#breather = breather;
    this.#sentOne = sentOne;
  }

  get sent(): number {
    return this.#sent;
  }

  /** From here on `record` hears of every batch that is sent, and a send resolves after the promise it returns. */
  recordTo(record: (batch: RecordBatch) => Promise<void> | undefined): void {
    this.#record = record;
  }

  /** Errors: WRONG_TABLE, SCHEMA_CHANGED, SENT_AFTER_END; RUN_STOPPED when the run ends early. */
  async send(batch: RecordBatch): Promise<void> {
    if (this.#closed !== undefined) throw this.#closed();
    const shared = this.#share(batch);
    this.#sent += 1;
    this.#sentOne(this.#origin, shared);
    this.#whole?.push(shared);
    const waits: Promise<void>[] = [];
    const recorded = this.#record?.(shared);
    if (recorded !== undefined) waits.push(recorded);
    for (const edge of this.#edges) {
      const wait = edge.push(shared);
      if (wait !== undefined) waits.push(wait);
    }
    if (waits.length > 0) await Promise.all(waits);
    const pause = this.#breather.due();
    if (pause !== undefined) await pause;
  }

  /** The stage is done: readers get what is left, then the end. */
  end(): void {
    if (this.#closed !== undefined) return;
    this.#closed = () => runErrors.sentAfterEnd(this.#address);
    this.#whole?.end();
    for (const edge of this.#edges) edge.end();
  }

  /** The run ends early: sends reject with `error` from here on. What the readers get is the edges' business. */
  stop(error: unknown): void {
    this.#closed ??= () => error;
    this.#whole?.fail(error);
  }

  get #address(): string {
    return `${this.#origin.stage}.${this.#origin.port}`;
  }

  /** The batch under the port's one schema object, which the first batch brought. */
  #share(batch: RecordBatch): RecordBatch {
    if (batch.schema === this.#schema) return batch;
    const found = tableNameOf(batch.schema);
    if (found !== this.#origin.table) throw runErrors.wrongTable(this.#address, this.#origin.table, found);
    if (this.#schema === undefined) {
      this.#schema = batch.schema;
      return batch;
    }
    const difference = schemaDifference(this.#schema, batch.schema);
    if (difference !== undefined) throw runErrors.schemaChanged(this.#address, difference);
    return withSchema(this.#schema, batch);
  }
}
