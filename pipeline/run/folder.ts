import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { checksumsFile } from "../../schemas/document.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { syncFolder } from "../../schemas/syncFolder.js";

/** Where the parts of a run are in its folder (design §6). */
export const runFiles = {
  record: "run.json",
  log: "log.ndjson",
  temporary: "temporary",
  checkpoints: "checkpoints",
  tables: "tables",
} as const;

/** Of files that say which process is at work in a folder. */
export const claimPrefix = ".active-";

/** Whether a name is that of such a file, be it half-written. */
export const isClaim = (name: string) => name.startsWith(claimPrefix) || name.startsWith(`.${claimPrefix}`);

/** Where run folders are made unless told otherwise. */
export const defaultParent = "runs";

/** `runs/<name>-<time>`, time in UTC to the second, below `parent`. */
export function defaultRunFolder(name: string, time: Date, parent = defaultParent): string {
  const stamp = time
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replaceAll(/[-:]/g, "")
    .replace("T", "-");
  return join(parent, `${name}-${stamp}`);
}

/** Makes the folder. Errors: RUN_FOLDER_NOT_EMPTY for one with more in it than checkpoints (or a file), WRITE_FAILED. */
export async function prepareRunFolder(path: string): Promise<void> {
  const entries = await makeRunFolder(path);
  if (entries.some((name) => name !== runFiles.checkpoints && !isClaim(name)))
    throw runErrors.runFolderNotEmpty(path);
}

/** Makes the folder where it is not there; resolves to what it holds. Errors: RUN_FOLDER_NOT_EMPTY for a file, WRITE_FAILED. */
export async function makeRunFolder(path: string): Promise<readonly string[]> {
  try {
    await makeDurableFolder(path);
    return await readdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || code === "ENOTDIR") throw runErrors.runFolderNotEmpty(path);
    throw runErrors.writeFailed(path, error);
  }
}

/** Makes a folder, with those it is in, where it is not there; the names made outlive a power cut. Errors: the disk's. */
export async function makeDurableFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  const top = dirname(first);
  for (let folder = resolve(path); folder !== top && folder !== dirname(folder); ) {
    folder = dirname(folder);
    await syncFolder(folder);
  }
}

/** Takes out of a run's folder all but its checkpoints: it is no longer the run that left it. Errors: WRITE_FAILED. */
export async function clearRunFolder(path: string): Promise<void> {
  try {
    // The record goes last: a folder with other files and no record is nobody's to empty.
    const names = (await readdir(path)).filter((name) => name !== runFiles.checkpoints);
    const isRecord = (name: string) => Number(name === runFiles.record);
    for (const name of names.sort((left, right) => isRecord(left) - isRecord(right))) {
      await rm(join(path, name), { recursive: true });
    }
  } catch (error) {
    throw runErrors.writeFailed(path, error);
  }
}

/**
 * Takes out of the folder of a run that was cut off what nobody goes on with: batches that waited on the disk, files that
 * were being written, and tables that no checksum vouches for. Errors: WRITE_FAILED.
 */
export async function tidyRunFolder(path: string): Promise<void> {
  try {
    await rm(join(path, runFiles.temporary), { recursive: true, force: true });
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile() && isUnfinished(entry.name) && !isClaim(entry.name))
        await rm(join(entry.parentPath, entry.name), { force: true });
    }
    const tables = join(path, runFiles.tables);
    for (const table of await foldersIn(tables)) {
      for (const stage of await foldersIn(join(tables, table))) {
        const folder = join(tables, table, stage);
        if (!(await readdir(folder)).includes(checksumsFile)) await rm(folder, { recursive: true });
      }
    }
  } catch (error) {
    throw runErrors.writeFailed(path, error);
  }
}

/** Whether a file was being written when its process was killed; `of`: in place of this one. */
export function isUnfinished(name: string, of?: string): boolean {
  if (of !== undefined) return name.startsWith(`.${of}.`) && name.endsWith(".unfinished");
  return name.endsWith(".tmp") || /^\..*\.unfinished$/.test(name);
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * Writes a file so that it appears whole or not at all: under another name beside it, then renamed.
 * `data` may come in chunks, which are written one after the other. Errors: DISK_FULL, WRITE_FAILED.
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const unfinished = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.unfinished`);
  try {
    const handle = await open(unfinished, "wx");
    try {
      const chunks: readonly (string | Uint8Array)[] =
        typeof data === "string" || data instanceof Uint8Array ? [data] : data;
      for (const chunk of chunks) await handle.writeFile(chunk);
      // Without it a rename may outlive the data on a power cut.
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw runErrors.writeFailed(path, error);
  }
}
