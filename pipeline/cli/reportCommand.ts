import { join } from "node:path";
import { diskFiles, writeFileAtomically } from "../../stages/sinks/files.js";
import { renderReport } from "../../stages/sinks/report/render.js";
import { readRunRecord } from "./runRecord.js";
import { readRunTables } from "./runTables.js";
import type { Terminal } from "./terminal.js";

/** Writes report.html of a run folder again from its tables; prints its path. */
export async function reportCommand(given: { readonly run: string }, terminal: Terminal): Promise<number> {
  const record = await readRunRecord(given.run);
  const page = renderReport(await readRunTables(given.run), {
    name: record.name ?? "unknown",
    seed: record.seed ?? Number.NaN,
    file: record.pipeline,
    complete: record.outcome === "done",
  });
  const path = join(given.run, "report.html");
  await writeFileAtomically(path, page, diskFiles);
  terminal.out(`${path}\n`);
  return 0;
}
