import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { JacoflowError } from "../../schemas/errors/error.js";
import type { Columns, TableDefinition } from "../../schemas/table.js";
import { checkPart, fileStamp } from "../../stages/sinks/checksums.js";
import { type KeptTable, listTables, loadRows } from "../../stages/sinks/parquet/read.js";
import type { CuttableTables, ShownTable } from "../../stages/sinks/report/cut.js";
import { mapOf } from "../../stages/sinks/report/tables.js";
import { runFiles } from "../run/folder.js";
import { leadsOut } from "./folders.js";
import type { EdgeNow, RunHead } from "./protocol.js";
import { type RecordedRun, readRecordedRun, Tail } from "./record.js";
import { RunRows } from "./rows.js";
import { isShown, shownTables } from "./shown.js";
import { StepCounts } from "./stepCounts.js";
import type { WatchedRun } from "./watchedRun.js";

/** Milliseconds between two looks at the folder. */
const usualPatience = 700;

/** A part as it was read last. */
interface KnownPart {
  readonly stamp: string;
  /** Its rows that were told. */
  readonly rows: StepCounts;
  /** Why it cannot be read. */
  readonly trouble: JacoflowError | undefined;
}

/** A run read from its folder: one that is over, or of another process, as far as its sinks have written. */
export class FolderRun implements WatchedRun {
  readonly rows = new RunRows();
  readonly #id: string;
  readonly #folder: string;
  readonly #log: Tail;
  readonly #patience: number;
  readonly #parts = new Map<string, KnownPart>();
  readonly #depths = new Map<string, Partial<EdgeNow>>();
  #recorded: RecordedRun;
  #unreadable: readonly string[] = [];
  #looked = 0;
  #looking: Promise<void> | undefined;

  private constructor(id: string, folder: string, recorded: RecordedRun, patience: number) {
    this.#id = id;
    this.#patience = patience;
    this.#folder = folder;
    this.#recorded = recorded;
    this.#log = new Tail(join(folder, runFiles.log));
  }

  /** Reads all that the folder has; looks at it again after `patience` milliseconds at the earliest. */
  static async open(id: string, folder: string, patience = usualPatience): Promise<FolderRun> {
    const run = new FolderRun(id, folder, await readRecordedRun(id, folder), patience);
    await run.refresh();
    return run;
  }

  get head(): RunHead {
    return { ...this.#recorded.head, unreadable: this.#unreadable };
  }

  get stages() {
    return this.#recorded.stages;
  }

  get edges(): readonly EdgeNow[] {
    return this.#recorded.edges.map((edge) => ({ ...edge, ...this.#depths.get(edgeKey(edge)) }));
  }

  /** Rejects, and leaves all as it was, when the folder is no run any more. */
  refresh(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    if (performance.now() - this.#looked < this.#patience && this.#looked > 0) return;
    await lstat(join(this.#folder, runFiles.record));
    const recorded = await readRecordedRun(this.#id, this.#folder);
    if (recorded.head.started !== this.#recorded.head.started) this.#forget();
    if (!(await leadsOut(this.#folder, join(this.#folder, runFiles.log)))) await this.#readLog();
    await this.#readTables();
    // Last, so that whoever is told of the end has been told the rest.
    this.#recorded = recorded;
    this.#looked = performance.now();
  }

  #forget(): void {
    this.rows.clearTables();
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

  /** Reads what is new in tables; anew, so many times, while they are merged or replaced under its hands. */
  async #readTables(attempts = 3): Promise<void> {
    const listed = await listTables(this.#folder).catch((error: unknown) => {
      if (error instanceof JacoflowError) return error;
      throw error;
    });
    if (listed instanceof JacoflowError) {
      this.#unreadable = [listed.message];
      return;
    }
    const tables = listed.filter(({ table }) => isShown(table));
    const present = new Set(tables.flatMap(({ files }) => files));
    // `compact` merges parts: rows of one that is gone are in another, and would be told twice.
    if ([...this.#parts.keys()].some((file) => !present.has(file))) this.#forget();
    const unreadable: string[] = [];
    for (const kept of tables) {
      for (const file of kept.files) {
        if (await leadsOut(this.#folder, file)) continue;
        let outcome = await this.#readPart({ ...kept, files: [file] });
        if (outcome === "other") {
          if (attempts > 1) {
            this.#forget();
            return this.#readTables(attempts - 1);
          }
          const missed = await checkPart(file).catch((error: JacoflowError) => error);
          outcome = missed ?? "read";
        }
        if (outcome instanceof JacoflowError) unreadable.push(outcome.message);
      }
    }
    this.#unreadable = unreadable;
  }

  /** Takes what is new in a part of one file; `other` when it is gone, or no longer the part that was read before. */
  async #readPart(kept: KeptTable): Promise<"read" | "other" | JacoflowError> {
    const [file] = kept.files;
    const stamp = await fileStamp(file);
    if (stamp === "") return "other";
    const known = this.#parts.get(file) ?? { stamp: "", rows: new StepCounts(), trouble: undefined };
    if (known.stamp === stamp) return known.trouble ?? "read";
    const table = kept.table as ShownTable;
    try {
      const rows = await loadRows(shownTables[table] as unknown as TableDefinition<Columns>, kept);
      const fresh = known.rows.after(rows);
      if (fresh === undefined) return "other";
      this.rows.append(table, fresh as unknown as CuttableTables[ShownTable]);
      this.#parts.set(file, { stamp, rows: StepCounts.of(rows), trouble: undefined });
      return "read";
    } catch (error) {
      // A part that was replaced while it was read is read the next time.
      if (!(error instanceof JacoflowError) || (await fileStamp(file)) !== stamp) return "read";
      this.#parts.set(file, { ...known, stamp, trouble: error });
      return error;
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
