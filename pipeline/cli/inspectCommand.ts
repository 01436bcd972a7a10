import { countRows, listTables } from "../../stages/sinks/parquet/read.js";
import { headline, headlineText } from "../../stages/sinks/report/headline.js";
import { mapOf } from "../../stages/sinks/report/tables.js";
import { isAtWork, ownerIn } from "../run/owner.js";
import { alignedColumns } from "./columns.js";
import { durationText } from "./duration.js";
import { indexText, readIndex } from "./matrix/indexTable.js";
import { type RunRecord, readRunRecord } from "./runRecord.js";
import { readRunTables } from "./runTables.js";
import type { Terminal } from "./terminal.js";

/** Shows what ran, of a matrix all its runs; the tables it left with their rows, and the headline table. */
export async function inspectCommand(given: { readonly run: string }, terminal: Terminal): Promise<number> {
  const index = await readIndex(given.run);
  if (index !== undefined) {
    terminal.out(`matrix of ${index.rows.length} runs\n\n${indexText(index.axes, index.rows)}`);
    return 0;
  }
  const record = await readRunRecord(given.run);
  terminal.out(recordText(record, given.run));
  const kept = await listTables(given.run);
  if (kept.length === 0) {
    terminal.out("\nno tables\n");
    return 0;
  }
  const counted = await Promise.all(
    kept.map(async (each) => ["", each.table, each.stage, String(await countRows(each)), each.format]),
  );
  terminal.out(`\ntables\n${alignedColumns([["", "table", "stage", "rows", "format"], ...counted])}`);
  const rows = headline(await readRunTables(given.run), record.pipeline);
  if (rows.length > 0) terminal.out(`\nheadline\n${headlineText(rows)}`);
  return 0;
}

/** A record says "running" until its run has ended: of a run that was killed, for ever. */
function outcomeText({ outcome, process: written }: RunRecord, folder: string): string {
  if (outcome !== "running") return outcome ?? "unknown";
  const owner = ownerIn(written);
  if (owner !== undefined && isAtWork(owner)) return `running, process ${owner.pid} of ${owner.host}`;
  return `lost: its process is gone and left no end; \`jacoflow run FILE --resume ${folder}\` goes on`;
}

function recordText(record: RunRecord, folder: string): string {
  const engine = record.engine?.name ?? record.engine?.wanted ?? "unknown";
  const took = typeof record.seconds === "number" ? ` after ${durationText(record.seconds)}` : "";
  const facts = [
    ["run", record.name ?? "unknown"],
    ["outcome", `${outcomeText(record, folder)}${took}`],
    ...(record.error ? [["error", `${record.error.code}: ${record.error.message}`]] : []),
    ["file", record.file ?? "unknown"],
    ["seed", String(record.seed ?? "unknown")],
    [
      "engine",
      record.engine?.threads === undefined ? engine : `${engine}, threads: ${record.engine.threads}`,
    ],
    ["started", record.started ?? "unknown"],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
  return `${lines}\nstages\n${stagesText(record)}`;
}

function stagesText(record: RunRecord): string {
  const declared = mapOf(mapOf(record.pipeline).stages);
  const rows = record.stages.map((stage) => {
    const known = stage.startSeconds !== undefined && stage.endSeconds !== undefined;
    const seconds = known ? durationText((stage.endSeconds as number) - (stage.startSeconds as number)) : "–";
    const { uses } = mapOf(declared[stage.stage]);
    return ["", stage.stage, typeof uses === "string" ? uses : "", stage.outcome, seconds];
  });
  return rows.length === 0 ? "  the run has not ended, or was killed\n" : alignedColumns(rows);
}
