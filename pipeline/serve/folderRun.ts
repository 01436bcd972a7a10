import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Columns, TableDefinition } from "../../schemas/table.js";
import { listTables, loadRows } from "../../stages/sinks/parquet/read.js";
import type { CuttableTables, ShownTable } from "../../stages/sinks/report/cut.js";
import { mapOf } from "../../stages/sinks/report/tables.js";
import { runFiles } from "../run/folder.js";
import type { EdgeNow, RunHead } from "./protocol.js";
import { type RecordedRun, readRecordedRun, Tail } from "./record.js";
import { RunRows } from "./rows.js";
import { isShown, shownTables } from "./shown.js";
import type { WatchedRun } from "./watchedRun.js";

/** Between two looks at the folder. */
const patience = 700;

/** A run read from its folder: one that is over, or of another process, as far as its sinks have written. */
export class FolderRun implements WatchedRun {
  readonly rows = new RunRows();
  readonly #id: string;
  readonly #folder: string;
  readonly #log: Tail;
  /** Of every part: when it was written last, and its rows that are known. */
  readonly #parts = new Map<string, { readonly stamp: string; readonly rows: number }>();
  readonly #depths = new Map<string, Partial<EdgeNow>>();
  #recorded: RecordedRun;
  #looked = 0;
  #looking: Promise<void> | undefined;

  private constructor(id: string, folder: string, recorded: RecordedRun) {
    this.#id = id;
    this.#folder = folder;
    this.#recorded = recorded;
    this.#log = new Tail(join(folder, runFiles.log));
  }

  static async open(id: string, folder: string): Promise<FolderRun> {
    const run = new FolderRun(id, folder, await readRecordedRun(id, folder));
    await run.refresh();
    return run;
  }

  get head(): RunHead {
    return this.#recorded.head;
  }

  get stages() {
    return this.#recorded.stages;
  }

  get edges(): readonly EdgeNow[] {
    return this.#recorded.edges.map((edge) => ({ ...edge, ...this.#depths.get(edgeKey(edge)) }));
  }

  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#looked < patience && this.#looked > 0) return;
    const recorded = await readRecordedRun(this.#id, this.#folder);
    if (recorded.head.started !== this.#recorded.head.started) this.#forget();
    await this.#readLog();
    await this.#readTables();
    // Last, so that whoever is told of the end has been told the rest.
    this.#recorded = recorded;
    this.#looked = performance.now();
  }

  #forget(): void {
    this.rows.clear();
    this.#parts.clear();
    this.#depths.clear();
  }

  async #readLog(): Promise<void> {
    for (const line of await this.#log.lines()) {
      const entry = parsed(line);
      const { message, facts } = entry;
      if (message === "edge") {
        const edge = mapOf(facts) as unknown as EdgeNow;
        this.#depths.set(edgeKey(edge), numbersOf(edge));
        continue;
      }
      if (entry.level === "debug") continue;
      this.rows.say({
        time: String(entry.time ?? ""),
        level: String(entry.level ?? ""),
        stage: String(entry.stage ?? ""),
        message: String(message ?? ""),
      });
    }
  }

  async #readTables(): Promise<void> {
    for (const { table, stage, format, files } of await listTables(this.#folder)) {
      if (!isShown(table)) continue;
      for (const file of files) {
        const about = await stat(file).catch(() => undefined);
        const stamp = about === undefined ? "" : `${about.ino} ${about.size} ${about.mtimeMs}`;
        const known = this.#parts.get(file);
        if (about === undefined || known?.stamp === stamp) continue;
        const definition = shownTables[table] as unknown as TableDefinition<Columns>;
        // A part that a reader cannot read is left out; `inspect` says what is wrong with it.
        const rows = await loadRows(definition, { table, stage, format, files: [file] }).catch(
          () => undefined,
        );
        if (rows === undefined) continue;
        if (known !== undefined && rows.length < known.rows) {
          this.#forget();
          return this.#readTables();
        }
        this.rows.append(table, rows.slice(known?.rows ?? 0) as unknown as CuttableTables[ShownTable]);
        this.#parts.set(file, { stamp, rows: rows.length });
      }
    }
  }
}

const edgeKey = ({ from, to }: Pick<EdgeNow, "from" | "to">) =>
  `${from?.stage}.${from?.port} ${to?.stage}.${to?.port}`;

function numbersOf({ depth, maximumDepth, sent, waits, drops }: EdgeNow): Partial<EdgeNow> {
  return { depth, maximumDepth, sent, waits, drops };
}

function parsed(line: string): Readonly<Record<string, unknown>> {
  try {
    return mapOf(JSON.parse(line));
  } catch {
    return {};
  }
}
