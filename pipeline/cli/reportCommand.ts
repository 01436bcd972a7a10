import { basename, join, resolve } from "node:path";
import { reportFile } from "../../schemas/document.js";
import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { diskFiles, writeFileAtomically } from "../../stages/sinks/files.js";
import type { ComparedRun } from "../../stages/sinks/report/compare.js";
import { renderComparison, renderReport } from "../../stages/sinks/report/render.js";
import { readRunRecord } from "./runRecord.js";
import { readRunTables } from "./runTables.js";
import type { Terminal } from "./terminal.js";

export interface ReportFlags {
  readonly run?: string | undefined;
  readonly compare?: readonly string[] | undefined;
  readonly out?: string | undefined;
}

/**
 * Writes report.html of a run folder again from its tables, or with `compare` one page of several runs; prints its path.
 * Errors: NOT_A_RUN_FOLDER, UNREADABLE_TABLE, BAD_USAGE.
 */
export async function reportCommand(flags: ReportFlags, terminal: Terminal): Promise<number> {
  const folders = [...(flags.run === undefined ? [] : [flags.run]), ...(flags.compare ?? [])];
  if (folders.length === 0) throw commandLineErrors.badUsage("report needs a run folder", "report");
  const comparing = flags.compare !== undefined;
  if (comparing && folders.length < 2) {
    throw commandLineErrors.badUsage("--compare needs two run folders or more", "report");
  }
  const runs: ComparedRun[] = [];
  for (const folder of folders) runs.push(await readRun(folder));
  const page = comparing
    ? renderComparison(labelled(runs, folders))
    : renderReport(runs[0].tables, runs[0].run);
  const path = flags.out ?? (comparing ? "comparison.html" : join(folders[0], reportFile));
  await writeFileAtomically(path, page, diskFiles);
  terminal.out(`${path}\n`);
  return 0;
}

async function readRun(folder: string): Promise<ComparedRun> {
  const record = await readRunRecord(folder);
  return {
    label: basename(resolve(folder)),
    tables: await readRunTables(folder),
    run: {
      name: record.name ?? "unknown",
      seed: record.seed ?? Number.NaN,
      file: record.pipeline,
      complete: record.outcome === "done",
    },
  };
}

/** Runs by the names of their folders, by their paths where two have one name. */
function labelled(runs: readonly ComparedRun[], folders: readonly string[]): readonly ComparedRun[] {
  const clear = new Set(runs.map(({ label }) => label)).size === runs.length;
  return clear ? runs : runs.map((run, at) => ({ ...run, label: folders[at] }));
}
