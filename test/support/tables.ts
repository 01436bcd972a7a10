import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

/** Every file below a folder, relative to it, sorted; none when there is no such folder. */
export function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** SHA-256 of every part in a run's `tables/`, by path. */
export function tableHashes(runFolder: string): Readonly<Record<string, string>> {
  const tables = join(runFolder, "tables");
  return Object.fromEntries(
    partsBelow(tables).map((file) => [
      file,
      createHash("sha256")
        .update(readFileSync(join(tables, file)))
        .digest("hex"),
    ]),
  );
}

const partsBelow = (tables: string) =>
  filesBelow(tables).filter((file) => basename(file).startsWith("part-"));

/** Rows of a query in DuckDB, big integers as numbers. */
export async function query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const rows = await (await connection.runAndReadAll(sql)).getRowObjects();
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === "bigint" ? Number(value) : value]),
      ),
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The values of every row of a query in a database that is open. */
export async function rowValues(
  database: DuckDBInstance,
  sql: string,
): Promise<readonly (readonly unknown[])[]> {
  const connection = await database.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJS();
  } finally {
    connection.closeSync();
  }
}

/** SQL that reads all parts of a table of one stage, in order. */
export function partsOf(runFolder: string, table: string, stage: string): string {
  return `read_parquet('${join(runFolder, "tables", table, stage, "*.parquet").replaceAll("'", "''")}')`;
}

/** Files that a run must not leave: unfinished, temporary, hidden. */
export function leftovers(runFolder: string): readonly string[] {
  return filesBelow(runFolder).filter(
    (file) => /(^|\/)\.|\.tmp$|unfinished/.test(file) || file.startsWith("temporary/"),
  );
}
