import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { matrixErrors } from "../../../schemas/errors/matrix.js";
import { runErrors } from "../../../schemas/errors/pipeline.js";
import type { LoadedRun } from "../../file/request.js";
import { clearRunFolder, runFiles } from "../../run/folder.js";
import { isAtWork, ownerIn } from "../../run/owner.js";
import { readRecord } from "../../run/record.js";
import type { IndexedRun } from "./indexTable.js";

/**
 * Looks at the folder of a matrix before anything runs: resolves to the runs that are done there already, and removes
 * what an earlier call left of those that did not end well and are others now, but for their checkpoints. OTHER_RUN_THERE where a run of the same values was made from
 * another file; MATRIX_ACTIVE where one goes on; RUN_FOLDER_NOT_EMPTY where the folder is that of a single run, or a run's holds something else.
 */
export async function clearForRuns(
  folder: string,
  runs: readonly LoadedRun[],
): Promise<ReadonlyMap<string, Pick<IndexedRun, "outcome" | "seconds">>> {
  if ((await readRecord(folder)) !== undefined) throw runErrors.runFolderNotEmpty(folder);
  const finished = new Map<string, Pick<IndexedRun, "outcome" | "seconds">>();
  const leftover: string[] = [];
  for (const { id, pipeline } of runs) {
    const own = join(folder, id);
    const record = await readRecord(own);
    if (record === undefined) {
      if (!(await holdsNothing(own))) throw runErrors.runFolderNotEmpty(own);
    } else if (record.outcome !== "done") {
      const owner = ownerIn(record.process);
      if (owner !== undefined && isAtWork(owner)) {
        throw matrixErrors.active(folder, id, owner.pid, join(own, runFiles.record));
      }
      const isSame =
        record.seed === pipeline.seed &&
        JSON.stringify(record.pipeline) === JSON.stringify(pipeline.document);
      if (!isSame) leftover.push(own);
    } else {
      if (JSON.stringify(record.pipeline) !== JSON.stringify(pipeline.document)) {
        throw matrixErrors.otherRun(own);
      }
      const seconds = typeof record.seconds === "number" ? { seconds: record.seconds } : {};
      finished.set(id, { outcome: "done", ...seconds });
    }
  }
  for (const each of leftover) await clearRunFolder(each);
  return finished;
}

async function holdsNothing(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  return names.every((name) => name === runFiles.checkpoints);
}
