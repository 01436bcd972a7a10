import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readRunTables } from "../../pipeline/cli/runTables.js";
import { runFiles } from "../../pipeline/run/folder.js";
import type { LogEntry } from "../../pipeline/run/progress.js";
import type { SweepTime } from "../../stages/jacobian/checkpoint.js";
import type { RunTables } from "../../stages/sinks/report/tables.js";

/** A run of an experiment, with what it was and what it left. */
export interface PaperRun extends RunTables {
  readonly seed: number;
  readonly seconds: number;
  /** When it began, as `2000-12-31T12:00:00.000Z`. */
  readonly started: string;
  /** Most memory of the process at a time. */
  readonly peakMemoryBytes: number;
  /** What each sweep of its spectra took, in their order, those before it was resumed too. */
  readonly sweeps: readonly SweepTime[];
  /** An option as it was used, such as `noise.fraction`. */
  readonly option: (stage: string, name: string) => unknown;
}

interface RunRecord {
  readonly outcome: string;
  readonly seed: number;
  readonly seconds: number;
  readonly started: string;
  readonly peakMemoryBytes: number;
  readonly pipeline: {
    readonly stages: Readonly<Record<string, { readonly with: Readonly<Record<string, unknown>> }>>;
  };
}

/** The runs of a matrix's folder that are done, by seed. None where the folder is not there. */
export async function readPaperRuns(folder: string): Promise<readonly PaperRun[]> {
  const names = await readdir(folder).catch(() => []);
  const runs: PaperRun[] = [];
  for (const name of names) {
    const text = await readFile(join(folder, name, "run.json"), "utf8").catch(() => undefined);
    const record = text === undefined ? undefined : (JSON.parse(text) as RunRecord);
    if (record?.outcome !== "done") continue;
    runs.push({
      ...(await readRunTables(join(folder, name))),
      seed: record.seed,
      seconds: record.seconds,
      started: record.started,
      peakMemoryBytes: record.peakMemoryBytes,
      sweeps: await readSweeps(join(folder, name)),
      option: (stage, option) => record.pipeline.stages[stage]?.with[option],
    });
  }
  return runs.sort((left, right) => left.seed - right.seed);
}

/** The times that jacobian/spectrum says in the log beside the way it took. */
async function readSweeps(folder: string): Promise<readonly SweepTime[]> {
  const lines = (await readFile(join(folder, runFiles.log), "utf8")).trimEnd().split("\n");
  const entries = lines.map((line) => JSON.parse(line) as LogEntry);
  return entries.flatMap(({ facts }) => (facts?.times as readonly SweepTime[] | undefined) ?? []);
}
