import { constants } from "node:fs";
import { copyFile, rename, rm } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { RecordBatch, Schema } from "apache-arrow";
import { JacoflowError } from "jacoflow";
import { type ColumnForm, columnForm, rowAppender } from "./columns.js";
import { duckdbErrors } from "./errors.js";
import { filesBeside, type RowCounts } from "./shown.js";

/** Rows appended between two turns of the event loop. */
const rowsPerSlice = 1000;

interface OpenTable {
  readonly forms: readonly ColumnForm[];
  /** Of a table without a column `stage`: the sender is put in front. */
  readonly namesSender: boolean;
  readonly appender: DuckDBAppender;
}

const named = (name: string) => `"${name.replaceAll('"', '""')}"`;

/**
 * A DuckDB database that grows beside the file that is shown. DuckDB lets one process write a file, and nobody else open
 * it meanwhile: so rows go into `FILE.working`, and `show` puts a whole copy of it at FILE by rename. Readers of FILE are
 * never locked out; they see what was there when they opened it.
 */
export class GrowingDatabase {
  readonly #file: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #tables = new Map<string, OpenTable>();
  readonly #shown: RowCounts;
  readonly #rows = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();
  #isShown = false;

  private constructor(
    file: string,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    shown: RowCounts,
  ) {
    this.#shown = shown;
    this.#file = file;
    this.#instance = instance;
    this.#connection = connection;
  }

  /** `shown` is what FILE has: it is not replaced by one with fewer rows. DUCKDB_WRITE. */
  static async create(file: string, shown: RowCounts = new Map()): Promise<GrowingDatabase> {
    try {
      const instance = await DuckDBInstance.create(`${file}.working`, { threads: "1" });
      return new GrowingDatabase(file, instance, await instance.connect(), shown);
    } catch (error) {
      throw duckdbErrors.write(file, error);
    }
  }

  /** Appends the rows of a batch to its table, which is made with the first. */
  append(table: string, stage: string, batch: RecordBatch): Promise<void> {
    return this.#inTurn(async () => {
      this.#isShown = false;
      const { appender, forms, namesSender } =
        this.#tables.get(table) ?? (await this.#make(table, batch.schema));
      const append = rowAppender(forms, batch);
      for (let from = 0; from < batch.numRows; from += rowsPerSlice) {
        for (let row = from; row < Math.min(batch.numRows, from + rowsPerSlice); row++) {
          if (namesSender) appender.appendVarchar(stage);
          append(appender, row);
          appender.endRow();
        }
        await setImmediate();
      }
      this.#rows.set(table, (this.#rows.get(table) ?? 0) + batch.numRows);
    });
  }

  /** Makes a table of which nothing came, without rows, where its columns are known. */
  declare(table: string, schema: Schema | undefined): Promise<void> {
    return this.#inTurn(async () => {
      if (schema === undefined || this.#tables.has(table)) return;
      this.#isShown = false;
      await this.#make(table, schema);
    });
  }

  /** Whether FILE has rows that this one has not yet: the run was cut off after them and goes through them again. */
  get #isBehind(): boolean {
    return [...this.#shown].some(([table, rows]) => (this.#rows.get(table) ?? 0) < rows);
  }

  /** Puts what was appended so far at FILE; nothing when it is there already. */
  show(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isShown || this.#isBehind) return;
      await this.#checkpoint();
      const copy = `${this.#file}.copy`;
      await copyFile(`${this.#file}.working`, copy, constants.COPYFILE_FICLONE);
      await rename(copy, this.#file);
      this.#isShown = true;
    });
  }

  /** Puts all of it at FILE, unless that has more, and ends. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#checkpoint();
      for (const { appender } of this.#tables.values()) appender.closeSync();
      this.#connection.closeSync();
      this.#instance.closeSync();
      if (!this.#isBehind) await rename(`${this.#file}.working`, this.#file);
      for (const path of filesBeside(this.#file)) await rm(path, { force: true });
    });
  }

  async #make(table: string, schema: Schema): Promise<OpenTable> {
    const forms = schema.fields.map((field) => columnForm(field, table));
    const namesSender = forms.every(({ name }) => name !== "stage");
    const columns = forms.map(({ name, sqlType }) => `${named(name)} ${sqlType}`);
    if (namesSender) columns.unshift("stage VARCHAR");
    await this.#connection.run(`create table ${named(table)} (${columns.join(", ")})`);
    const made = { forms, namesSender, appender: await this.#connection.createAppender(table) };
    this.#tables.set(table, made);
    return made;
  }

  /** Everything appended into the database file, nothing left in its log. */
  async #checkpoint(): Promise<void> {
    for (const { appender } of this.#tables.values()) appender.flushSync();
    await this.#connection.run("checkpoint");
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(async () => {
      try {
        await work();
      } catch (error) {
        throw error instanceof JacoflowError ? error : duckdbErrors.write(this.#file, error);
      }
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }
}
