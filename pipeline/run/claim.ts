import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { claimPrefix, isClaim, makeDurableFolder, writeFileAtomic } from "./folder.js";
import { isAtWork, type Owner, ownerIn, thisProcess } from "./owner.js";

/** That a command is at work on some runs of a folder. */
export interface Claim {
  /** Gives the runs back. */
  release(): Promise<void>;
}

/** A claim of another process that stands in the way of one. */
export interface OtherClaim {
  /** What both want. */
  readonly id: string;
  readonly pid: number;
  readonly file: string;
}

/** How long a claim waits for others that began with it to give way: so often, milliseconds apart. */
const looks = 10;
const between = 30;
/** Milliseconds after which a claim that is not written to its end is nobody's. */
const abandonedAfter = 60_000;

/**
 * Claims runs of a folder, which is made where it is not there, for this process by a file `.active-….json` in it. It goes
 * with the process: one that a crash left is removed by the next claim. Of several that begin at once one is given. What
 * `active` makes of the claim of a process that is at work on one of the runs is thrown; WRITE_FAILED.
 */
export async function claimRuns(
  folder: string,
  ids: readonly string[],
  active: (other: OtherClaim) => Error,
): Promise<Claim> {
  const owner = thisProcess();
  const own = join(folder, `${claimPrefix}${owner.host}-${owner.pid}-${randomUUID().slice(0, 8)}.json`);
  await makeDurableFolder(folder).catch((error: unknown) => {
    throw runErrors.writeFailed(folder, error);
  });
  await writeFileAtomic(own, `${JSON.stringify({ ...owner, runs: ids })}\n`);
  // Where the disk takes no change it stays, and is one that a crash left.
  const removeNow = () => {
    try {
      rmSync(own, { force: true });
    } catch {}
  };
  process.on("exit", removeNow);
  const release = async () => {
    process.off("exit", removeNow);
    await rm(own, { force: true }).catch(() => undefined);
  };
  // Written first, read then: of two that begin at once each sees the other. The first by name waits, the other gives way.
  for (let look = 1; ; look += 1) {
    const others = await otherClaims(folder, ids, own);
    if (others.length === 0) return { release };
    if (look === looks || others.some(({ file }) => file < own)) {
      await release();
      throw active(others[0]);
    }
    await pause(between);
  }
}

/**
 * Calls `act` while this process has claimed the one run of a folder, which is made where it is not there. Errors:
 * RUN_ACTIVE when another is at work on it, WRITE_FAILED, those of `act`.
 */
export async function whileClaimed<Result>(runFolder: string, act: () => Promise<Result>): Promise<Result> {
  const claim = await claimRuns(runFolder, ["."], ({ pid, file }) =>
    runErrors.runActive(runFolder, pid, file),
  );
  try {
    return await act();
  } finally {
    await claim.release();
  }
}

/** Removes the claims in a folder whose processes are gone. */
export async function forgetClaims(folder: string): Promise<void> {
  await otherClaims(folder, []);
}

/** Claims of these runs by processes that are at work; those of others are removed. */
async function otherClaims(
  folder: string,
  ids: readonly string[],
  own?: string,
): Promise<readonly OtherClaim[]> {
  const found: OtherClaim[] = [];
  for (const file of await othersIn(folder, own)) {
    const { owner, runs } = await claimIn(file);
    if (owner === undefined || !isAtWork(owner)) {
      await rm(file, { force: true });
      continue;
    }
    const id = ids.find((wanted) => runs.includes(wanted));
    if (id !== undefined) found.push({ id, pid: owner.pid, file });
  }
  return found;
}

async function othersIn(folder: string, own: string | undefined): Promise<readonly string[]> {
  const names = await readdir(folder);
  for (const name of names.filter((name) => isClaim(name) && name.endsWith(".unfinished"))) {
    const about = await stat(join(folder, name)).catch(() => undefined);
    // Its process was killed meanwhile: it is gone, or has taken longer than the milliseconds that it takes.
    if (about !== undefined && (isOfGone(name) || Date.now() - about.mtimeMs > abandonedAfter))
      await rm(join(folder, name), { force: true });
  }
  return names
    .filter((name) => name.startsWith(claimPrefix) && name.endsWith(".json"))
    .map((name) => join(folder, name))
    .filter((path) => path !== own);
}

/** Whether the process that a claim's name tells of is there no more. */
function isOfGone(name: string): boolean {
  const [, host, pid] = /active-(.*)-(\d+)-[0-9a-f]{8}\.json/.exec(name) ?? [];
  return host !== undefined && !isAtWork({ host, pid: Number(pid), since: null });
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
