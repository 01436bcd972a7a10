import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import { forgetClaims } from "./claim.js";
import { isClaim, isUnfinished, runFiles } from "./folder.js";
import { isAtWork, ownerIn } from "./owner.js";
import { readRecord } from "./record.js";

/**
 * Whether the same run may go on in a folder where it was cut off: what it wrote stays, and stages go on from there and from
 * their checkpoints to the same tables. Resolves to whether that run was `done` already, and then leaves it alone; a
 * folder that is not there, or empty, is `open`.
 *
 * @throws JacoflowError RUN_ACTIVE when its process is at work, OTHER_RUN_IN_FOLDER when it was made from another file, other
 *   values or another seed, RUN_FOLDER_NOT_EMPTY when there is no run in it but something else, WRITE_FAILED
 */
export async function reopenRunFolder(folder: string, pipeline: ResolvedPipeline): Promise<"open" | "done"> {
  const record = await readRecord(folder);
  if (record === undefined) {
    const names = await readdir(folder).catch(() => []);
    // A run killed before its record was there has no more than that.
    const isOurs = (name: string) =>
      name === runFiles.checkpoints ||
      name === runFiles.log ||
      isClaim(name) ||
      isUnfinished(name, runFiles.record);
    if (!names.every(isOurs)) throw runErrors.runFolderNotEmpty(folder);
    return "open";
  }
  if (
    record.seed !== pipeline.seed ||
    JSON.stringify(record.pipeline) !== JSON.stringify(pipeline.document)
  ) {
    throw runErrors.otherRunInFolder(folder);
  }
  if (record.outcome === "done") {
    // A run that is killed right after its last word leaves them.
    await rm(join(folder, runFiles.checkpoints), { recursive: true, force: true });
    await forgetClaims(folder);
    return "done";
  }
  const owner = ownerIn(record.process);
  if (owner !== undefined && isAtWork(owner)) {
    throw runErrors.runActive(folder, owner.pid, join(folder, runFiles.record));
  }
  return "open";
}
