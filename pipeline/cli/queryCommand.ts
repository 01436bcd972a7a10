import type * as DuckDB from "@duckdb/node-api";
import { queryErrors } from "../../schemas/errors/query.js";
import { checkPart } from "../../stages/sinks/checksums.js";
import { Decimal, type QueryFormat, type QueryResult, queryText } from "./queryRows.js";
import { queryViews } from "./queryViews.js";
import type { Terminal } from "./terminal.js";

export interface QueryFlags {
  readonly run: string;
  readonly sql: string;
  readonly format: QueryFormat;
}

/**
 * Asks DuckDB about the Parquet tables of a run, or of a folder of runs, and writes the rows it finds. DAMAGED_PART when a
 * table it names is not as its sink wrote it.
 */
export async function queryCommand({ run, sql, format }: QueryFlags, terminal: Terminal): Promise<number> {
  const { statements, tables, files, passedOver } = await queryViews(run);
  if (tables.length === 0) throw queryErrors.noTables(run);
  // A view is reached by its name alone: of the others it does not matter whether they are whole.
  const isNamed = (table: string) => sql.toLowerCase().includes(table);
  for (const table of tables.filter(isNamed)) {
    for (const file of files.get(table) ?? []) await checkPart(file);
  }
  for (const table of passedOver)
    terminal.talk(`${table} is kept as Arrow files: it is not among the views\n`);
  terminal.out(queryText(await ask(statements, sql, tables, isNamed), format));
  return 0;
}

/** The last statement's rows, with a view of every table that is named or can be read. Errors: QUERY_NEEDS_DUCKDB, QUERY_FAILED in DuckDB's words. */
async function ask(
  views: readonly string[],
  sql: string,
  tables: readonly string[],
  isNamed: (table: string) => boolean,
): Promise<QueryResult> {
  const duckdb = await import("@duckdb/node-api").catch((cause: unknown) => {
    throw queryErrors.needsDuckDB(cause);
  });
  // Nothing is fetched: an extension that is not in the package is not there.
  const settings = { autoinstall_known_extensions: "false" };
  const instance = await duckdb.DuckDBInstance.create(":memory:", settings);
  const connection = await instance.connect();
  try {
    for (const [at, view] of views.entries()) {
      // DuckDB looks into the files of a view when it is made.
      await connection.run(view).catch((error: unknown) => {
        if (isNamed(tables[at])) throw error;
      });
    }
    const reader = await connection.runAndReadAll(sql);
    return { columns: reader.columnNames(), rows: reader.convertRows(plainValues(duckdb)) };
  } catch (error) {
    throw queryErrors.failed(sql, error, tables);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Of dates, times, intervals and bytes, which neither JSON nor CSV has, the text that DuckDB writes; of decimals all digits. */
function plainValues({
  DuckDBTypeId: id,
  JSDuckDBValueConverter: toJavaScript,
}: typeof DuckDB): DuckDB.DuckDBValueConverter<unknown> {
  const asText = new Set<DuckDB.DuckDBTypeId>([
    ...[id.DATE, id.TIME, id.TIME_TZ, id.TIME_NS, id.INTERVAL, id.BLOB, id.BIT],
    ...[id.TIMESTAMP, id.TIMESTAMP_S, id.TIMESTAMP_MS, id.TIMESTAMP_NS, id.TIMESTAMP_TZ],
  ]);
  return (value, type, convert) => {
    if (value === null) return null;
    if (type.typeId === id.DECIMAL) return new Decimal(String(value));
    return asText.has(type.typeId)
      ? String(value)
      : toJavaScript(value, type, convert as DuckDB.DuckDBValueConverter<DuckDB.JS>);
  };
}
