import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runErrors } from "../../../schemas/errors/pipeline.js";
import { readChecksums } from "../checksums.js";
import { diskFiles } from "../files.js";
import { KeptFolder } from "../keptFolder.js";
import { partName } from "../parts.js";
import { mergeParts } from "./merge.js";
import { compactingFolder, type KeptTable, listTables, reading } from "./read.js";
import { openRowGroups } from "./rowGroups.js";

/** What became of one table of one stage. */
export interface Compacted {
  readonly table: string;
  readonly stage: string;
  /** Files there were. */
  readonly parts: number;
  readonly rows: number;
}

/** What moves and removes folders; tests hand in one that stops halfway. */
export interface Folders {
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
}

const diskFolders: Folders = {
  rename: async (from, to) => {
    await mkdir(dirname(to), { recursive: true });
    await rename(from, to);
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
};

/**
 * Merges the Parquet parts of every table and stage of a run folder into one file each, rows by step. The new file is
 * written outside `tables/`, then the stage's folder is moved away and the new one into its place: at no moment are rows
 * in `tables/` twice, and when it is killed nothing is lost. Between the two moves the stage is missing from `tables/`;
 * jacoflow's own readers find it where it was moved to, and the next call puts it back. Tables kept as Arrow stay.
 * Errors: UNREADABLE_TABLE, PARTS_DIFFER, DISK_FULL, WRITE_FAILED.
 */
export async function compactTables(
  runFolder: string,
  folders: Folders = diskFolders,
): Promise<readonly Compacted[]> {
  const attempt = async <A>(work: Promise<A>): Promise<A> =>
    work.catch((error) => {
      throw runErrors.writeFailed(join(runFolder, compactingFolder), error);
    });
  await attempt(recover(runFolder, folders));
  const compacted: Compacted[] = [];
  for (const kept of await listTables(runFolder)) {
    if (kept.format !== "parquet" || kept.files.length < 2) continue;
    const { table, stage } = kept;
    const made = join(runFolder, compactingFolder, "new", table, stage);
    const rows = await merged(kept, made);
    const place = join(runFolder, "tables", table, stage);
    const moved = join(runFolder, compactingFolder, "old", table, stage);
    await attempt(folders.rename(place, moved));
    await attempt(folders.rename(made, place));
    await attempt(folders.remove(moved));
    compacted.push({ table, stage, parts: kept.files.length, rows });
  }
  await attempt(folders.remove(join(runFolder, compactingFolder)));
  return compacted;
}

async function merged({ table, stage, files }: KeptTable, folder: string): Promise<number> {
  const checksums = await readChecksums(dirname(files[0]));
  await makeEmpty(folder);
  const kept = await KeptFolder.open({
    ...{ path: folder, table, stage, files: diskFiles },
    sink: checksums?.sink ?? "compact",
    warn: () => undefined,
  });
  let rows = 0;
  for (const file of files) {
    rows += await reading(file, async () => Number((await openRowGroups(file)).metadata.num_rows));
  }
  await reading(files[0], () =>
    kept.write(partName(0, "parquet"), rows, async (file) => void (await mergeParts(files, file))),
  );
  await kept.settle();
  return rows;
}

async function makeEmpty(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
  } catch (error) {
    throw runErrors.writeFailed(folder, error);
  }
}

/** Puts back what a killed call had moved away, and removes what it had begun. */
async function recover(runFolder: string, folders: Folders): Promise<void> {
  const moved = join(runFolder, compactingFolder, "old");
  for (const table of await namesIn(moved)) {
    const present = await namesIn(join(runFolder, "tables", table));
    for (const stage of await namesIn(join(moved, table))) {
      if (present.includes(stage)) continue;
      await folders.rename(join(moved, table, stage), join(runFolder, "tables", table, stage));
    }
  }
  await folders.remove(join(runFolder, compactingFolder));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}
