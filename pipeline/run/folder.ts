import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { runErrors } from "../../schemas/errors/pipeline.js";

/** Where the parts of a run are in its folder (design §6). */
export const runFiles = {
  record: "run.json",
  log: "log.ndjson",
  temporary: "temporary",
  checkpoints: "checkpoints",
} as const;

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
  let entries: readonly string[] = [];
  try {
    await mkdir(path, { recursive: true });
    entries = await readdir(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EEXIST" || code === "ENOTDIR") throw runErrors.runFolderNotEmpty(path);
    throw runErrors.writeFailed(path, error);
  }
  if (entries.some((name) => name !== runFiles.checkpoints)) throw runErrors.runFolderNotEmpty(path);
}

/** Takes out of a run's folder all but its checkpoints, so that it can run again and go on from those. Errors: WRITE_FAILED. */
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
