import { existsSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { type KeptTable, listTables } from "../../stages/sinks/parquet/read.js";
import { runFiles } from "../run/folder.js";
import { runFoldersIn } from "../serve/folders.js";
import { indexFiles } from "./matrix/indexTable.js";

/** The tables below a folder as SQL. */
export interface QueryViews {
  /** `create view …`, one a table. */
  readonly statements: readonly string[];
  readonly tables: readonly string[];
  /** The parts behind each view. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Tables that are kept as Arrow files only, which are not looked into. */
  readonly passedOver: readonly string[];
}

/** A text as SQL has it between single quotes. */
const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** A path that DuckDB takes as it is written: in brackets a character of a pattern stands for itself. */
const literal = (path: string) => path.replaceAll(/[*?[]/g, "[$&]");

/** The rows of these files and nothing else: of a folder named `step=5` DuckDB would make a column. */
const partsText = (files: KeptTable["files"]) =>
  `read_parquet([${files.map((file) => quoted(literal(file))).join(", ")}], hive_partitioning = false)`;

/**
 * A view for every table of the Parquet parts of a run folder, over all stages that sent it; for a folder of runs (a
 * matrix, `runs/`) over all runs too, with the column `run` first. The indexes of matrices are one more, `runs`.
 */
export async function queryViews(folder: string): Promise<QueryViews> {
  const runs = await runFoldersIn(folder);
  // A folder with a run.json is looked no further into: it is the one run there is.
  const isOne = existsSync(join(folder, runFiles.record));
  const selects = new Map<string, string[]>();
  const files = new Map<string, readonly string[]>();
  const asArrow = new Set<string>();
  const add = (table: string, select: string, its: readonly string[]) => {
    files.set(table, [...(files.get(table) ?? []), ...its]);
    selects.set(table, [...(selects.get(table) ?? []), select]);
  };
  for (const [id, run] of [...runs].sort(([left], [right]) => (left < right ? -1 : 1))) {
    for (const kept of await listTables(run)) {
      if (kept.format === "arrow") {
        asArrow.add(kept.table);
        continue;
      }
      const named = isOne ? "" : `${quoted(id)} as run, `;
      add(kept.table, `select ${named}* from ${partsText(kept.files)}`, kept.files);
    }
  }
  for (const [id, matrix] of isOne ? [] : matricesOf(folder, runs)) {
    const named = id === "" ? "folder" : `${quoted(`${id}/`)} || folder`;
    for (const file of await indexFiles(matrix)) {
      add("runs", `select ${named} as run, * from ${partsText([file])}`, [file]);
    }
  }
  const tables = [...selects.keys()].sort();
  return {
    tables,
    files,
    statements: tables.map(
      (table) => `create view "${table}" as ${selects.get(table)!.join(" union all by name ")}`,
    ),
    passedOver: [...asArrow].filter((table) => !selects.has(table)).sort(),
  };
}

/** The folders that may be those of a matrix, by their path from the folder that is looked into: it and those that runs are in. */
function matricesOf(folder: string, runs: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const around = [...runs].map(([id, run]) => [posix.dirname(id), dirname(run)] as const);
  return new Map([["", folder], ...around.filter(([id]) => id !== ".").sort()]);
}
