import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Type } from "typebox";
import type { ResolvedPipeline } from "../../pipeline/graph/resolved.js";
import { isClaim, runFiles } from "../../pipeline/run/folder.js";
import type { RunOutcome } from "../../pipeline/run/outcome.js";
import { thisProcess } from "../../pipeline/run/owner.js";
import { reopenRunFolder } from "../../pipeline/run/resume.js";
import { runPipeline } from "../../pipeline/run/run.js";
import { defineStage, output } from "../../pipeline/stage.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { arrow } from "../../stages/sinks/arrow.js";
import { diskFiles } from "../../stages/sinks/files.js";
import { ndjson } from "../../stages/sinks/ndjson.js";
import { checkParts } from "../../stages/sinks/parquet/read.js";
import { parquet } from "../../stages/sinks/parquet.js";
import { renderReport } from "../../stages/sinks/report/render.js";
import { reportSink } from "../../stages/sinks/report.js";
import { load, numberBatch, stageMap } from "../support/pipelines.js";
import { filesBelow, leftovers, tableHashes } from "../support/tables.js";
import { callsOf, type Fault, onBrokenDisk } from "./brokenDisk.js";
import { DurableFolder, type Loss } from "./powerCut.js";

const count = 11;

/** Sends numbers, and keeps how far it has come every third. */
const numbers = defineStage({
  name: "test/numbers",
  summary: "Sends numbers.",
  options: Type.Object({}),
  inputs: {},
  outputs: { metrics: output("metrics", "numbers") },
  run: async (_inputs, { metrics }, context) => {
    const journal = await context.journal({ identity: () => ({ of: "numbers" }), seconds: 0 });
    const from = (journal.restored?.facts.next as number | undefined) ?? 0;
    for (let number = from; number < count; number++) {
      context.signal.throwIfAborted();
      await metrics.send(numberBatch(number, context.stage));
      if (number % 3 === 2) await journal.keep(() => ({ facts: { next: number + 1 }, arrays: {} }));
    }
  },
});

const text = `
name: faulty
stages:
  source: { uses: test/numbers }
  other: { uses: test/numbers }
  parquet: { uses: sink/parquet, from: [source, other], with: { rowsPerPart: 4 } }
  lines: { uses: sink/ndjson, from: [source, other] }
  stream: { uses: sink/arrow, from: source, with: { stream: live.arrows } }
  page: { uses: sink/report, from: [source, other] }
`;

/** A short run with every sink of files in it. */
function faultyPipeline(): Promise<ResolvedPipeline> {
  return load(text, stageMap(numbers, parquet, ndjson, arrow, reportSink(diskFiles, renderReport)));
}

/** Where the run's folder is made on a disk, in a folder that is not there either. */
const runFolderOn = (disk: string) => join(disk, "runs", "faulty");

function start(pipeline: ResolvedPipeline, runFolder: string, resumed = false): Promise<RunOutcome> {
  return runPipeline(pipeline, {
    ...{ runFolder, resumed, memoryLimit: 2 ** 30, versions: { jacoflow: "test" }, threads: 1 },
    createEngine: () => Promise.reject(new Error("no engine here")),
  });
}

/** The run on a disk that is whole: the calls it makes there, and what it leaves. `folder` is there and empty of it. */
export async function wholeRun(folder: string): Promise<{
  readonly pipeline: ResolvedPipeline;
  readonly calls: readonly string[];
  readonly wanted: Readonly<Record<string, unknown>>;
}> {
  const pipeline = await faultyPipeline();
  const whole = join(folder, "whole");
  await mkdir(whole);
  const calls = await callsOf(whole, () => start(pipeline, runFolderOn(whole)));
  return { pipeline, calls, wanted: await leftBy(runFolderOn(whole)) };
}

/** What has to be the same in the end, however often the run was resumed. */
async function leftBy(runFolder: string): Promise<Readonly<Record<string, unknown>>> {
  const lines = (await readFile(join(runFolder, "rows.ndjson"), "utf8")).split("\n");
  return {
    // What is left of a claim that was being written goes with a claim a minute later.
    files: filesBelow(runFolder).filter((path) => path !== runFiles.log && !isClaim(path)),
    tables: tableHashes(runFolder),
    stream: (await readFile(join(runFolder, "live.arrows"))).toString("base64"),
    lines: lines.sort(),
  };
}

/** What is wrong with how a run on a broken disk, an empty folder, went; nothing when all promises are kept. */
export async function brokenPromises(
  pipeline: ResolvedPipeline,
  disk: string,
  fault: Fault,
  at: number,
  wanted: Readonly<Record<string, unknown>>,
  loss?: Loss,
): Promise<{
  readonly wrong: readonly string[];
  readonly failed: readonly string[];
  readonly ended: string;
}> {
  const wrong: string[] = [];
  const runFolder = runFolderOn(disk);
  const durable = loss === undefined ? undefined : new DurableFolder(disk);
  const { result: ended, failed } = await onBrokenDisk(
    disk,
    fault,
    at,
    () =>
      start(pipeline, runFolder).then(
        ({ outcome, error }) => ({ outcome, error: error as unknown }),
        (error: unknown) => ({ outcome: "rejected" as const, error }),
      ),
    durable,
  );
  if (loss !== undefined) durable?.cut(loss);
  if (ended.outcome !== "done") wrong.push(...unclear(ended.error, runFolder));
  wrong.push(...(await halfWritten(runFolder)));
  const record = await recordIn(runFolder);
  // Nobody could tell, or go on with, what it has worked since.
  if (ended.outcome !== "rejected" && record === undefined) wrong.push("it began, and its record is gone");
  if (ended.outcome === "failed" && record !== undefined && record.outcome !== "failed") {
    // Only a record that could not be written may say that the run goes on.
    if (!failed.some((call) => call.includes("run.json"))) wrong.push(`run.json says ${record.outcome}`);
  }
  await endProcess(runFolder, record);
  try {
    if ((await reopenRunFolder(runFolder, pipeline)) === "open") {
      const resumed = await start(pipeline, runFolder, true);
      if (resumed.outcome !== "done")
        wrong.push(`resumed, it is ${resumed.outcome}: ${resumed.error?.message}`);
    }
    const found = await leftBy(runFolder);
    for (const [name, value] of Object.entries(wanted)) {
      if (JSON.stringify(found[name]) === JSON.stringify(value)) continue;
      wrong.push(`resumed, it leaves other ${name}: ${JSON.stringify(found[name]).slice(0, 400)}`);
    }
    const over = leftovers(runFolder).filter((path) => !isClaim(path));
    if (over.length > 0) wrong.push(`left over: ${over}`);
  } catch (error) {
    wrong.push(`cannot be resumed: ${String(error)}`);
  }
  return { wrong, failed, ended: ended.outcome };
}

function unclear(error: unknown, runFolder: string): readonly string[] {
  if (!(error instanceof JacoflowError)) return [`no error of ours: ${String(error)}`];
  const wrong: string[] = [];
  if (!["DISK_FULL", "WRITE_FAILED"].includes(error.code))
    wrong.push(`it says ${error.code}: ${error.message}`);
  if (!error.message.includes(runFolder)) wrong.push(`it names no path: ${error.message}`);
  if ((error.remedy ?? "") === "") wrong.push("it says not what to do");
  if (error.exitCode !== 1) wrong.push(`exit code ${error.exitCode}`);
  return wrong;
}

/** Files that have their name and are not whole. */
async function halfWritten(runFolder: string): Promise<readonly string[]> {
  const wrong: string[] = [];
  await checkParts(runFolder).catch((error: unknown) => wrong.push(String(error)));
  for (const path of filesBelow(runFolder)) {
    const content = await readFile(join(runFolder, path), "utf8");
    if (path.endsWith(".json")) {
      try {
        JSON.parse(content);
      } catch {
        wrong.push(`${path} is half-written`);
      }
    }
    if (path === "report.html" && !content.trimEnd().endsWith("</html>")) wrong.push("half a report");
  }
  return wrong;
}

type Kept = Readonly<Record<string, unknown>>;

const recordIn = (runFolder: string): Promise<Kept | undefined> =>
  readFile(join(runFolder, runFiles.record), "utf8").then(
    (found) => JSON.parse(found) as Kept,
    () => undefined,
  );

/** Makes a run folder look as if the process that ran in it, which is this one, were gone. */
async function endProcess(runFolder: string, record: Kept | undefined): Promise<void> {
  for (const name of await readdir(runFolder).catch(() => [])) {
    if (isClaim(name) && name.endsWith(".json")) await rm(join(runFolder, name));
  }
  if (record?.process === undefined) return;
  const gone = { ...record, process: { ...thisProcess(), since: "-1" } };
  await writeFile(join(runFolder, runFiles.record), JSON.stringify(gone));
}
