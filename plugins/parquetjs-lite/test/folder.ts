import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { RecordBatch, Schema } from "apache-arrow";
import type { PartFile, TableName } from "jacoflow";
import { type Compression, parquetjsForm } from "../src/form.js";

/** Calls `use` with a new folder that is removed afterwards. */
export async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-parquetjs-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The bytes of the file of these batches, and the longest time it kept the event loop, in milliseconds. */
export async function encoded(
  table: string,
  schema: Schema,
  batches: readonly RecordBatch[],
  compression: Compression = "snappy",
): Promise<{ readonly bytes: Buffer; readonly longestSlice: number }> {
  const chunks: Uint8Array[] = [];
  let longestSlice = 0;
  let last = performance.now();
  const file: PartFile = {
    path: "part-00000.parquet",
    append: async (bytes) => {
      chunks.push(Uint8Array.from(bytes));
      longestSlice = Math.max(longestSlice, performance.now() - last);
      await new Promise((resolve) => setTimeout(resolve));
      last = performance.now();
    },
  };
  await parquetjsForm(compression).write(file, { table: table as TableName, schema, batches });
  return { bytes: Buffer.concat(chunks), longestSlice };
}

const database = DuckDBInstance.create(":memory:", { threads: "1" });

/** Columns of the Parquet files of a pattern, in the order of their rows, as DuckDB reads them. */
export async function byDuckDB(files: string, where = "true"): Promise<Record<string, readonly unknown[]>> {
  const connection = await (await database).connect();
  try {
    const found = await connection.runAndReadAll(`SELECT * FROM read_parquet('${files}') WHERE ${where}`);
    return found.getColumnsObjectJS();
  } finally {
    connection.closeSync();
  }
}

/** The same for the bytes of one file. */
export const readBack = (bytes: Uint8Array, where?: string) =>
  inFolder(async (folder) => {
    const file = join(folder, "part.parquet");
    await writeFile(file, bytes);
    return byDuckDB(file, where);
  });

/** Contents of every file under a folder, by path. */
export async function filesUnder(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.sort().map(async (path) => [relative(folder, path), await readFile(path)] as const),
  );
  return new Map(files);
}
