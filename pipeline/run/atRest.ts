import { whileClaimed } from "./claim.js";
import { readRecord } from "./record.js";

/**
 * Calls `act` while the run in a folder is at rest: no process is at work on it, and none can resume it before `act` has
 * ended. A folder without a run.json holds no run. Resolves to what `act` does. Errors: RUN_ACTIVE when a process is at work
 * on it, or may be on another machine; WRITE_FAILED; those of `act`.
 */
export async function whileAtRest<Result>(runFolder: string, act: () => Promise<Result>): Promise<Result> {
  if ((await readRecord(runFolder)) === undefined) return act();
  return whileClaimed(runFolder, act);
}
