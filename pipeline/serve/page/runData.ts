import { type CuttableTables, noCuttableTables, type ShownTable } from "../../../stages/sinks/report/cut.js";
import type { RunFacts } from "../../../stages/sinks/report/tables.js";
import type { EdgeNow, LogLine, RunChange, RunHead, StageNow } from "../protocol.js";

/** All that a page knows of a run. */
export interface RunData {
  readonly head: RunHead | undefined;
  readonly stages: readonly StageNow[];
  readonly edges: readonly EdgeNow[];
  readonly tables: CuttableTables;
  readonly log: readonly LogLine[];
  /** Whether more is on the way that belongs to what is here. */
  readonly more: boolean;
}

export const noData: RunData = {
  ...{ head: undefined, stages: [], edges: [], tables: noCuttableTables, log: [], more: true },
};

const linesShown = 400;

/** A run's data after a change. */
export function changed(data: RunData, change: RunChange): RunData {
  const before = change.reset ? noData : data;
  const tables = { ...before.tables } as Record<ShownTable, readonly unknown[]>;
  for (const [name, rows] of Object.entries(change.tables)) {
    const table = name as ShownTable;
    tables[table] = [...tables[table], ...rows];
  }
  return {
    head: change.head ?? before.head,
    stages: change.stages,
    edges: change.edges,
    tables: tables as unknown as CuttableTables,
    log: [...before.log, ...change.log].slice(-linesShown),
    more: change.more,
  };
}

/** What the report's functions ask of a run. */
export function factsOf({ name, seed, file, state, classes }: RunHead): RunFacts {
  return {
    ...{ name, seed: seed ?? Number.NaN, file },
    ...(classes === null ? {} : { classes }),
    complete: state === "done",
  };
}
