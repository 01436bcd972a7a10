import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { type RecordBatch, RecordBatchReader } from "apache-arrow";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { heldBytesOf } from "../../schemas/held.js";
import { encodeArrow } from "../../schemas/ipc.js";
import type { BatchStore } from "../stage.js";

/**
 * Keeps batches in memory until they are more than `memoryBytes`, then moves them to an Arrow IPC file in `folder`
 * (made when needed) and goes on. Reading holds one batch of a file at a time, so memory stays within the budget plus
 * the batch in hand. All batches need one schema.
 */
export class SpillingStore implements BatchStore {
  readonly #folder: string;
  readonly #name: string;
  readonly #memoryBytes: number;
  readonly #files: string[] = [];
  #inMemory: RecordBatch[] = [];
  #bytes = 0;
  #length = 0;
  #spilling: Promise<void> = Promise.resolve();

  /** `name` begins the names of the files and is unique in `folder`. */
  constructor(folder: string, name: string, memoryBytes: number) {
    this.#folder = folder;
    this.#name = name;
    this.#memoryBytes = memoryBytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Files written so far: none as long as everything fits in memory. */
  get files(): readonly string[] {
    return this.#files;
  }

  /** Errors: DISK_FULL, WRITE_FAILED. */
  append(batch: RecordBatch): Promise<void> {
    // One after the other, so that the order of files is the order of batches.
    this.#spilling = this.#spilling.then(async () => {
      this.#inMemory.push(batch);
      this.#length += 1;
      this.#bytes += heldBytesOf(batch);
      if (this.#bytes > this.#memoryBytes) await this.#spill();
    });
    return this.#spilling;
  }

  /** The batches that were there when the iteration began. */
  async *[Symbol.asyncIterator](): AsyncGenerator<RecordBatch, void, undefined> {
    await this.#spilling;
    const files = [...this.#files];
    const inMemory = [...this.#inMemory];
    for (const file of files) yield* readBatches(file);
    yield* inMemory;
  }

  /** Removes the files. */
  async close(): Promise<void> {
    await this.#spilling.catch(() => undefined);
    this.#inMemory = [];
    await Promise.all(this.#files.splice(0).map((file) => rm(file, { force: true })));
  }

  async #spill(): Promise<void> {
    const batches = this.#inMemory;
    const file = join(this.#folder, `${this.#name}-${String(this.#files.length).padStart(5, "0")}.arrow`);
    try {
      await mkdir(this.#folder, { recursive: true });
      const handle = await open(file, "wx");
      try {
        for (const chunk of await encodeArrow(batches[0].schema, batches)) await handle.writeFile(chunk);
      } finally {
        await handle.close();
      }
    } catch (error) {
      await rm(file, { force: true }).catch(() => undefined);
      throw runErrors.writeFailed(file, error);
    }
    this.#files.push(file);
    this.#inMemory = [];
    this.#bytes = 0;
  }
}

async function* readBatches(file: string): AsyncGenerator<RecordBatch, void, undefined> {
  const handle = await open(file, "r");
  try {
    const reader = await RecordBatchReader.from(handle);
    for await (const batch of reader) yield batch as RecordBatch;
  } finally {
    await handle.close().catch(() => undefined);
  }
}
