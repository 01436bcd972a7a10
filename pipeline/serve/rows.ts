import { randomUUID } from "node:crypto";
import type { CuttableTables, ShownTable } from "../../stages/sinks/report/cut.js";
import { type LogLine, tableNames } from "./protocol.js";

type Row = CuttableTables[ShownTable][number];

/** Rows of one table kept for the page, a long row counting for several; beyond, every other step of it is forgotten. */
export const rowsKept = 40_000;
/** Numbers in a list that count for a row. */
const numbersOfRow = 16;
/** Lines of the log kept. */
const linesKept = 400;
/** Rows and lines told at a time: bounds what waits for a slow reader. */
const toldAtOnce = 2_000;

/** A place in the rows of a run: what was told until there. */
export interface Place {
  readonly generation: string;
  readonly counts: readonly number[];
}

/** What came after a place. */
export interface Told {
  readonly tables: Partial<CuttableTables>;
  readonly log: readonly LogLine[];
  readonly place: Place;
  /** Whether the place asked from is none of these rows, so that this begins anew. */
  readonly reset: boolean;
  readonly more: boolean;
}

/** The rows and the log of one run as a page shows them. They only grow, within bounds, so that a place in them is a few counts. */
export class RunRows {
  readonly #tables = new Map<ShownTable, Row[]>(tableNames.map((name) => [name, []]));
  readonly #sizes = new Map<ShownTable, number>();
  #log: LogLine[] = [];
  /** Lines there were before the first one kept. */
  #forgotten = 0;
  #generation = randomUUID();

  append(table: ShownTable, rows: readonly Row[]): void {
    const own = this.#tables.get(table)!;
    let size = this.#sizes.get(table) ?? 0;
    for (const row of rows) {
      own.push(row);
      size += sizeOf(row);
    }
    this.#sizes.set(table, size);
    while (this.#sizes.get(table)! > rowsKept) this.#thin(table);
  }

  say(line: LogLine): void {
    this.#log.push(line);
    if (this.#log.length <= 2 * linesKept) return;
    this.#forgotten += this.#log.length - linesKept;
    this.#log = this.#log.slice(-linesKept);
  }

  /** Forgets the tables, not the log: what follows is told anew. */
  clearTables(): void {
    for (const name of tableNames) this.#tables.set(name, []);
    this.#sizes.clear();
    this.#generation = randomUUID();
  }

  count(table: ShownTable): number {
    return this.#tables.get(table)!.length;
  }

  /** What came after a place, the oldest first and no more than fits at once; without a place, from the beginning. */
  since(place: Place | undefined): Told {
    const known = place?.generation === this.#generation;
    const counts = known ? [...place.counts] : [...tableNames.map(() => 0), 0];
    const tables: Record<string, readonly Row[]> = {};
    let room = toldAtOnce;
    let more = false;
    for (const [at, name] of tableNames.entries()) {
      const own = this.#tables.get(name)!;
      const first = counts[at];
      for (; room > 0 && counts[at] < own.length; counts[at] += 1) room -= sizeOf(own[counts[at]]);
      if (counts[at] > first) tables[name] = own.slice(first, counts[at]);
      more ||= counts[at] < own.length;
    }
    const first = Math.max(0, counts[tableNames.length] - this.#forgotten);
    const log = this.#log.slice(first).slice(-linesKept);
    counts[tableNames.length] = this.#forgotten + this.#log.length;
    return {
      tables: tables as Partial<CuttableTables>,
      log,
      place: { generation: this.#generation, counts },
      reset: !known,
      more,
    };
  }

  /** Keeps every other step of a table, and its last; of one that has too few for that the newer half. */
  #thin(table: ShownTable): void {
    const rows = this.#tables.get(table)!;
    const steps = [...new Set(rows.map(stepOf))].sort((left, right) => left - right);
    const kept = new Set(steps.filter((_, at) => at % 2 === 0 || at === steps.length - 1));
    const half = kept.size < steps.length;
    const left = half ? rows.filter((row) => kept.has(stepOf(row))) : rows.slice(Math.ceil(rows.length / 2));
    this.#tables.set(table, left);
    this.#sizes.set(
      table,
      left.reduce((size, row) => size + sizeOf(row), 0),
    );
    this.#generation = randomUUID();
  }
}

/** For how many rows a row counts. */
function sizeOf(row: Row): number {
  return "energies" in row ? 1 + Math.floor(row.energies.length / numbersOfRow) : 1;
}

/** A place as the id of an event. */
export function placeText({ generation, counts }: Place): string {
  return `${generation}:${counts.join(":")}`;
}

/** The place an id names; undefined for any other text. */
export function placeOf(text: string | undefined): Place | undefined {
  const [generation, ...words] = (text ?? "").split(":");
  const counts = words.map(Number);
  const right =
    counts.length === tableNames.length + 1 &&
    counts.every((count) => Number.isSafeInteger(count) && count >= 0);
  return right ? { generation, counts } : undefined;
}

/** The step at which a row was taken; 0 in a table without. */
export function stepOf(row: object): number {
  if ("step" in row) return row.step as number;
  return "jacobian_step" in row ? (row.jacobian_step as number) : 0;
}
