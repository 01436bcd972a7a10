import { sinkErrors } from "../../schemas/errors/sinks.js";
import { compactTables } from "../../stages/sinks/parquet/compact.js";
import { whileClaimed } from "../run/claim.js";
import { alignedColumns } from "./columns.js";
import { readRunRecord } from "./runRecord.js";
import type { Terminal } from "./terminal.js";

/**
 * Merges the Parquet parts of a run that is done, one file a table and stage; prints what was merged. Errors: RUN_NOT_DONE,
 * RUN_ACTIVE while another process merges them, those of `compactTables`.
 */
export async function compactCommand(given: { readonly run: string }, terminal: Terminal): Promise<number> {
  const { outcome = "unknown" } = await readRunRecord(given.run);
  if (outcome !== "done") throw sinkErrors.runNotDone(given.run, outcome);
  const compacted = await whileClaimed(given.run, () => compactTables(given.run));
  if (compacted.length === 0) {
    terminal.out("every table is one file\n");
    return 0;
  }
  const rows = compacted.map(({ table, stage, parts, rows }) => [table, stage, String(parts), String(rows)]);
  terminal.out(alignedColumns([["table", "stage", "parts", "rows"], ...rows]));
  return 0;
}
