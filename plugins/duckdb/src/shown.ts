import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { duckdbErrors } from "./errors.js";

/** Rows by table. */
export type RowCounts = ReadonlyMap<string, number>;

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/** The files beside a database that are there while it grows. */
export const filesBeside = (file: string) => [`${file}.working`, `${file}.working.wal`, `${file}.copy`];

/**
 * Takes a database file for a sink, whose `claim` (a file that stays while the run may be resumed) says that it had it before:
 * then what was on its way goes, since all rows come again, and what was shown stays. Resolves to the rows of that.
 * DUCKDB_FILE_EXISTS when it is another's, DUCKDB_WRITE.
 */
export async function claimFile(
  file: string,
  claim: string,
  warn: (message: string) => void,
): Promise<RowCounts> {
  if (await isThere(claim)) {
    for (const path of filesBeside(file)) await rm(path, { force: true });
    if (!(await isThere(file))) return new Map();
    return rowsIn(file).catch((error: unknown) => {
      warn(`${file} cannot be read and is written again: ${String(error)}`);
      return new Map();
    });
  }
  for (const path of [file, `${file}.working`]) {
    if (await isThere(path)) throw duckdbErrors.fileExists(path);
  }
  try {
    await mkdir(dirname(claim), { recursive: true });
    await writeFile(claim, "");
  } catch (error) {
    throw duckdbErrors.write(claim, error);
  }
  return new Map();
}

async function rowsIn(file: string): Promise<RowCounts> {
  const instance = await DuckDBInstance.create(file, { access_mode: "READ_ONLY", threads: "1" });
  try {
    const connection = await instance.connect();
    const names = await connection.runAndReadAll("select table_name from information_schema.tables");
    const counts = new Map<string, number>();
    for (const [name] of names.getRowsJS() as [string][]) {
      const counted = await connection.runAndReadAll(`select count(*) from "${name.replaceAll('"', '""')}"`);
      counts.set(name, Number(counted.getRowsJS()[0][0]));
    }
    connection.closeSync();
    return counts;
  } finally {
    instance.closeSync();
  }
}
