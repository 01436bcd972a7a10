import { directions } from "../../schemas/tables/projection.js";
import type { ShownTable } from "../../stages/sinks/report/cut.js";
import { reportedTables } from "../../stages/sinks/report/gatherer.js";

/** The tables a page is told: those of a report, and the directions, without which no cut can be moved. */
export const shownTables = { ...reportedTables, directions } as const;

export function isShown(table: string): table is ShownTable {
  return Object.hasOwn(shownTables, table);
}
