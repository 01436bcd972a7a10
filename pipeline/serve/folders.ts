import { lstat, readdir, realpath } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import { runFiles } from "../run/folder.js";

/** Below the folder of runs are runs, and folders of a matrix with its runs. */
const deepest = 3;
/** The newest ones are listed. */
const most = 1000;

/** Whether a path, all links followed, is something else than a file of the folder; not, when there is nothing there. */
export async function leadsOut(folder: string, path: string): Promise<boolean> {
  try {
    const [around, file] = await Promise.all([realpath(folder), realpath(path)]);
    return !file.startsWith(`${around}${sep}`) || !(await lstat(file)).isFile();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}

/**
 * The run folders in a folder, itself included, by their id: the path from it, `/` between the parts, its name for itself. A
 * folder is one if it has a run.json. Links are not followed, so that everything listed lies inside.
 */
export async function runFoldersIn(root: string): Promise<ReadonlyMap<string, string>> {
  const found: { readonly id: string; readonly folder: string; readonly time: number }[] = [];
  const whole = await realpath(root).catch(() => root);
  const visit = async (folder: string, depth: number): Promise<void> => {
    const record = await lstat(join(folder, runFiles.record)).catch(() => undefined);
    if (record?.isFile()) {
      const id = relative(whole, folder).split(sep).join("/");
      found.push({ id: id === "" ? basename(whole) : id, folder, time: record.mtimeMs });
      return;
    }
    if (depth === deepest) return;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith("."))
        await visit(join(folder, entry.name), depth + 1);
    }
  };
  await visit(whole, 0);
  return new Map(
    found
      .sort((left, right) => right.time - left.time)
      .slice(0, most)
      .map(({ id, folder }) => [id, folder]),
  );
}
