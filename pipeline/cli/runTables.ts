import type { Columns, TableDefinition } from "../../schemas/table.js";
import { type KeptTable, listTables, loadRows } from "../../stages/sinks/parquet/read.js";
import { reportedTables } from "../../stages/sinks/report/gatherer.js";
import type { RunTables } from "../../stages/sinks/report/tables.js";
import type { RowOf } from "../../stages/sinks/rows.js";

/** The tables of a run folder that a report is made from. Errors: UNREADABLE_TABLE, MISSING_COLUMN. */
export async function readRunTables(folder: string): Promise<RunTables> {
  const kept = await listTables(folder);
  return {
    metrics: await rowsOfTable(reportedTables.metrics, kept),
    spectrum: await rowsOfTable(reportedTables.spectrum, kept),
    projection: await rowsOfTable(reportedTables.projection, kept),
    angles: await rowsOfTable(reportedTables.angles, kept),
    density: await rowsOfTable(reportedTables.density, kept),
    linearised: await rowsOfTable(reportedTables.linearised, kept),
    bound: await rowsOfTable(reportedTables.bound, kept),
    advice: await rowsOfTable(reportedTables.advice, kept),
  };
}

/** The rows of one table, of all stages that sent it. Errors: UNREADABLE_TABLE, MISSING_COLUMN. */
export async function rowsOfTable<C extends Columns>(
  definition: TableDefinition<C>,
  kept: readonly KeptTable[],
): Promise<readonly RowOf<C>[]> {
  const rows: RowOf<C>[] = [];
  for (const each of kept.filter(({ table }) => table === definition.name)) {
    for (const row of await loadRows(definition, each)) rows.push(row);
  }
  return rows;
}
