import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { syncFolder } from "../../schemas/syncFolder.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import { whileClaimed } from "./claim.js";
import { makeRunFolder, prepareRunFolder, runFiles, tidyRunFolder } from "./folder.js";
import { Run } from "./life.js";
import { RunLog } from "./log.js";
import type { PipelinePlan, RunOutcome, RunRequest } from "./outcome.js";
import { checkPlan, planPipeline, usableMemory } from "./plan.js";
import { writeRecord } from "./record.js";

/**
 * Runs a pipeline from the run folder's making to its last line in run.json.
 *
 * Resolves however the run ends: `done`, `failed` (the first error, with the stage's name in it) or `cancelled`
 * (`request.signal` was aborted). On the last two every stage is stopped, and sinks get what was sent to them until
 * then followed by a normal end, so that they write whole files.
 * Rejects, with nothing left behind that was not there, when the run cannot start: MEMORY_LIMIT, RUN_FOLDER_NOT_EMPTY,
 * RUN_ACTIVE when another process is at work in the folder, WRITE_FAILED, and PlannedErrors.
 */
export async function runPipeline(pipeline: ResolvedPipeline, request: RunRequest): Promise<RunOutcome> {
  const plan = await planPipeline(pipeline, request);
  checkPlan(plan, usableMemory(request));
  const { runFolder, resumed = false } = request;
  await (resumed ? makeRunFolder : prepareRunFolder)(runFolder);
  return whileClaimed(runFolder, async () => {
    // Another may have come first since.
    await (resumed ? tidyRunFolder : prepareRunFolder)(runFolder);
    return runClaimed(pipeline, request, plan);
  });
}

async function runClaimed(
  pipeline: ResolvedPipeline,
  request: RunRequest,
  plan: PipelinePlan,
): Promise<RunOutcome> {
  const started = new Date();
  const run = new Run(pipeline, request, plan);
  const logPath = join(request.runFolder, runFiles.log);
  const log = await RunLog.open(logPath, (error) => run.fail(undefined, error));
  try {
    await writeRecord(pipeline, request, started, undefined);
    // Tables that outlive a power cut which takes the record belong to no run: nobody could resume it.
    await syncFolder(request.runFolder).catch((error: unknown) => {
      throw runErrors.writeFailed(request.runFolder, error);
    });
  } catch (error) {
    await log.close();
    if (request.resumed !== true) {
      await removed(logPath);
      await removed(join(request.runFolder, runFiles.record));
    }
    throw error;
  }
  const lived = await run.live(log);
  await removed(join(request.runFolder, runFiles.temporary));
  await log.close();
  // The log's last lines may have found the disk full.
  const outcome =
    run.failure === undefined ? lived : { ...lived, outcome: "failed" as const, error: run.failure };
  try {
    await writeRecord(pipeline, request, started, run.engine, { ended: new Date(), outcome });
  } catch (error) {
    run.fail(undefined, error);
    return { ...outcome, outcome: "failed", error: run.failure };
  }
  // Not before the record says that nobody needs them.
  if (outcome.outcome === "done") {
    // A power cut may bring back the record before, and then they are needed.
    const isDurable = await syncFolder(request.runFolder).then(
      () => true,
      () => false,
    );
    if (isDurable) await removed(join(request.runFolder, runFiles.checkpoints));
  }
  return outcome;
}

/** Removes what nobody needs any more. Where the disk does not let it the run ends as it would: `--resume` removes it. */
function removed(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true }).catch(() => undefined);
}
