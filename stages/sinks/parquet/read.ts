import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataType } from "apache-arrow";
import { type Split, splits } from "../../../schemas/columns.js";
import { dataErrors } from "../../../schemas/errors/data.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
import { decodeArrow } from "../../../schemas/ipc.js";
import type { Columns, TableDefinition } from "../../../schemas/table.js";
import { openParquet } from "../../parquet/file.js";
import { checkPart, readChecksums } from "../checksums.js";
import { type RowOf, rowsOf } from "../rows.js";
import { openRowGroups } from "./rowGroups.js";

/** What one sink kept of one table of one stage: `tables/TABLE/STAGE/part-*.FORMAT`. */
export interface KeptTable {
  readonly table: string;
  readonly stage: string;
  readonly format: "parquet" | "arrow";
  /** Absolute or relative as the run folder was, in the order of their rows. */
  readonly files: readonly string[];
}

async function foldersIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Where `compact` works inside a run folder. */
export const compactingFolder = "compacting";

/**
 * Every table of a run folder, by table, then stage. Files still being written are not seen. DAMAGED_PART of a file of
 * checksums that is not whole.
 */
export async function listTables(runFolder: string): Promise<readonly KeptTable[]> {
  const kept: KeptTable[] = [];
  const root = join(runFolder, "tables");
  // A stage that a killed `compact` moved away and did not put back is read where it is.
  const moved = join(runFolder, compactingFolder, "old");
  for (const table of await foldersIn(root)) {
    const present = await foldersIn(join(root, table));
    const away = (await foldersIn(join(moved, table))).filter((stage) => !present.includes(stage));
    for (const stage of [...present, ...away].sort()) {
      const folder = join(present.includes(stage) ? root : moved, table, stage);
      const written = ((await readChecksums(folder))?.parts ?? []).map(({ file }) => file);
      // One that is written of and not there is missed when it is read.
      const names = [...new Set([...(await readdir(folder)), ...written])].sort();
      for (const format of ["parquet", "arrow"] as const) {
        const files = names.filter((name) => name.startsWith("part-") && name.endsWith(`.${format}`));
        if (files.length > 0) {
          kept.push({ table, stage, format, files: files.map((name) => join(folder, name)) });
        }
      }
    }
  }
  return kept;
}

/** DAMAGED_PART of the first part of a run folder that is not as its sink wrote it. */
export async function checkParts(runFolder: string): Promise<void> {
  for (const { files } of await listTables(runFolder)) for (const file of files) await checkPart(file);
}

/**
 * What `read` resolves to when the file is as its sink wrote it; DAMAGED_PART otherwise. What it throws, other than an
 * error of ours, is UNREADABLE_TABLE of the file.
 */
export async function reading<A>(file: string, read: () => Promise<A>): Promise<A> {
  try {
    await checkPart(file);
    return await read();
  } catch (error) {
    if (error instanceof JacoflowError) throw error;
    throw sinkErrors.unreadableTable(file, error);
  }
}

async function rowCount(file: string, format: KeptTable["format"]): Promise<number> {
  if (format === "parquet") {
    const { footer } = await openParquet(file);
    return Number(footer.num_rows);
  }
  return decodeArrow(await readFile(file)).batches.reduce((rows, batch) => rows + batch.numRows, 0);
}

/** Rows of all its files. UNREADABLE_TABLE names the file that cannot be read. */
export async function countRows(kept: KeptTable): Promise<number> {
  let rows = 0;
  for (const file of kept.files) rows += await reading(file, () => rowCount(file, kept.format));
  return rows;
}

/** Key and value metadata of a Parquet file: the Arrow schema's, then `column.NAME.KEY` of its fields. */
export async function readMetadata(file: string): Promise<ReadonlyMap<string, string>> {
  const { footer } = await reading(file, () => openParquet(file));
  return new Map(
    footer.key_value_metadata?.flatMap(({ key, value }) =>
      value === undefined ? [] : [[key, value] as const],
    ),
  );
}

/**
 * The rows of a kept table in the order of its files; int64 as numbers.
 * Errors: UNREADABLE_TABLE, MISSING_COLUMN when it was written with other columns.
 */
export async function loadRows<C extends Columns>(
  definition: TableDefinition<C>,
  kept: KeptTable,
): Promise<readonly RowOf<C>[]> {
  const rows: RowOf<C>[] = [];
  for (const file of kept.files) {
    if (kept.format === "arrow") {
      const { batches } = await reading(file, async () => decodeArrow(await readFile(file)));
      for (const batch of batches) for (const row of rowsOf(definition, batch)) rows.push(row);
      continue;
    }
    for (const row of await reading(file, () => parquetRows(definition, file))) rows.push(row);
  }
  return rows;
}

async function parquetRows<C extends Columns>(
  definition: TableDefinition<C>,
  path: string,
): Promise<readonly RowOf<C>[]> {
  const file = await openRowGroups(path);
  const rows: RowOf<C>[] = [];
  for await (const columns of file.rows(0, Number(file.metadata.num_rows))) {
    const count = columns[file.columns[0]].length;
    for (let row = 0; row < count; row += 1) {
      const found = Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]]));
      rows.push(checkedRow(definition, path, found));
    }
  }
  return rows;
}

function checkedRow<C extends Columns>(
  definition: TableDefinition<C>,
  file: string,
  found: Readonly<Record<string, unknown>>,
): RowOf<C> {
  const row: Record<string, unknown> = {};
  for (const name of Object.keys(definition.columns)) {
    const value = found[name];
    if (value === undefined) throw dataErrors.missingColumn(file, name, Object.keys(found));
    if (value === null) throw new Error(`there is nothing in a row of column ${name}`);
    if (name === "split" && !splits.includes(value as Split))
      throw new Error(`a row of split ${String(value)}`);
    const plain = typeof value === "bigint" ? Number(value) : value;
    if (!isOfColumn(plain, definition.columns[name].type))
      throw new Error(`${String(plain)} in column ${name}, which holds ${definition.columns[name].type}`);
    row[name] = plain;
  }
  return row as RowOf<C>;
}

/** Whether a value is of the kind that a column holds: damage makes truths of numbers. */
function isOfColumn(value: unknown, type: DataType): boolean {
  if (DataType.isList(type) || DataType.isFixedSizeList(type)) return typeof value === "object";
  if (DataType.isBool(type)) return typeof value === "boolean";
  return typeof value === (DataType.isInt(type) || DataType.isFloat(type) ? "number" : "string");
}
