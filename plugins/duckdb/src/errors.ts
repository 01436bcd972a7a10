import { JacoflowError } from "jacoflow";

/** Messages about tables in a DuckDB database. A place is `table.column`, or the file. */
export const duckdbErrors = {
  /** A column whose Arrow type the sink has no form for. */
  column: (table: string, column: string, type: string) =>
    new JacoflowError({
      code: "DUCKDB_COLUMN",
      kind: "run",
      message: `column ${column} of table ${table}: ${type} has no form in DuckDB here`,
      place: `${table}.${column}`,
      value: type,
      remedy: "Use text, truth values, int32, int64, float32, float64 or lists of numbers.",
    }),

  fileExists: (file: string) =>
    new JacoflowError({
      code: "DUCKDB_FILE_EXISTS",
      kind: "run",
      message: `${file} exists: it already has a writer`,
      place: file,
      value: file,
      remedy: "Give each sink a file of its own, and start from an empty run folder.",
    }),

  /** In the words of DuckDB or of the disk. */
  write: (file: string, cause: unknown) =>
    new JacoflowError({
      code: "DUCKDB_WRITE",
      kind: "run",
      message: `cannot write ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: file,
      value: file,
      remedy: "Look at the disk it is on. What was shown before can still be queried.",
      cause,
    }),
} as const;
