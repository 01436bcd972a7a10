import { JacoflowError } from "./error.js";

/** Messages about questions to the tables of a run. */
export const queryErrors = {
  needsDuckDB: (cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "QUERY_NEEDS_DUCKDB",
      kind: "command-line",
      message: "`jacoflow query` asks DuckDB, which is not installed",
      place: "query",
      remedy: "npm install @duckdb/node-api@1.5.6-r.1",
      cause,
    }),

  noTables: (folder: string): JacoflowError =>
    new JacoflowError({
      code: "NO_TABLES",
      kind: "invalid",
      message: `${folder} has no run with Parquet tables`,
      place: folder,
      value: folder,
      remedy: "Name a run folder, or a folder of runs, whose pipeline has a sink/parquet.",
    }),

  /** In the words of DuckDB. */
  failed: (sql: string, cause: unknown, tables: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "QUERY_FAILED",
      kind: "command-line",
      message: cause instanceof Error ? cause.message : String(cause),
      place: "query",
      value: sql,
      remedy: `There is a view for each table: ${tables.join(", ")}. \`describe TABLE\` lists its columns.`,
      cause,
    }),
} as const;
