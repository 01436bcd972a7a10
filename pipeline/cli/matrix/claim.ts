import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { matrixErrors } from "../../../schemas/errors/matrix.js";
import { runErrors } from "../../../schemas/errors/pipeline.js";
import { writeFileAtomic } from "../../run/folder.js";
import { isAtWork, type Owner, ownerIn, thisProcess } from "../../run/owner.js";

/** That a command is at work on some runs of a matrix folder. */
export interface Claim {
  /** Gives the runs back. */
  release(): Promise<void>;
}

const prefix = ".active-";

/**
 * Claims runs of a matrix folder for this process by a file `.active-….json` in it, which goes with the process: one that
 * a crash left is removed by the next command. MATRIX_ACTIVE where another command is at work on one of them;
 * WRITE_FAILED.
 */
export async function claimRuns(folder: string, ids: readonly string[]): Promise<Claim> {
  const owner = thisProcess();
  const own = join(folder, `${prefix}${owner.host}-${owner.pid}.json`);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw runErrors.writeFailed(folder, error);
  });
  await writeFileAtomic(own, `${JSON.stringify({ ...owner, runs: ids })}\n`);
  const removeNow = () => rmSync(own, { force: true });
  process.on("exit", removeNow);
  const release = async () => {
    process.off("exit", removeNow);
    await rm(own, { force: true });
  };
  // Written first, read then: of two that begin at once each sees the other, and one at least gives way.
  for (const path of await othersIn(folder, own)) {
    const { owner: other, runs } = await claimIn(path);
    if (other === undefined || !isAtWork(other)) {
      await rm(path, { force: true });
      continue;
    }
    const both = ids.find((id) => runs.includes(id));
    if (both === undefined) continue;
    await release();
    throw matrixErrors.active(folder, both, other.pid, path);
  }
  return { release };
}

async function othersIn(folder: string, own: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.startsWith(prefix) && name.endsWith(".json"))
    .map((name) => join(folder, name))
    .filter((path) => path !== own);
}

async function claimIn(
  path: string,
): Promise<{ readonly owner: Owner | undefined; readonly runs: readonly unknown[] }> {
  try {
    const claim: unknown = JSON.parse(await readFile(path, "utf8"));
    const runs = (claim as { readonly runs?: unknown }).runs;
    return { owner: ownerIn(claim), runs: Array.isArray(runs) ? runs : [] };
  } catch {
    return { owner: undefined, runs: [] };
  }
}
