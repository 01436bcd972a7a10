import { JacoflowError } from "jacoflow";

/** Messages about tables that this writer cannot keep. A place is `table.column`, or the file. */
export const parquetjsErrors = {
  /** A column whose Arrow type the writer has no form for. */
  column: (table: string, column: string, type: string) =>
    new JacoflowError({
      code: "PARQUETJS_COLUMN",
      kind: "run",
      message: `column ${column} of table ${table}: parquetjs-lite has no form for ${type}`,
      place: `${table}.${column}`,
      value: type,
      remedy: `Use text, truth values, int32, int64, float32, float64 or lists of numbers, or keep the table as Arrow: arrow: [${table}].`,
    }),

  /** A null where the schema says there is none: the writer would shift every value after it. */
  missing: (table: string, column: string, row: number) =>
    new JacoflowError({
      code: "PARQUETJS_MISSING_VALUE",
      kind: "run",
      message: `column ${column} of table ${table} has no value in row ${row} of its batch, and its schema allows none to be missing`,
      place: `${table}.${column}`,
      value: row,
      remedy:
        "Declare the column nullable in the stage that sends it, or send an empty list or not-a-number.",
    }),

  /** What the library threw: often a bare string. */
  write: (file: string, cause: unknown) =>
    new JacoflowError({
      code: "PARQUETJS_WRITE",
      kind: "run",
      message: `${file}: parquetjs-lite failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: file,
      value: file,
      remedy: "Keep this table with sink/parquet, and report the table's columns to this plugin.",
      cause,
    }),
} as const;
