import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

const meant = (word: string, known: readonly string[]) => {
  const close = nearest(word, known);
  return close === undefined ? `There are: ${known.join(", ")}.` : `Did you mean "${close}"?`;
};

/** Messages about tables, data files, splits and labels. */
export const dataErrors = {
  columnLength: (table: string, column: string, found: number, rows: number): JacoflowError =>
    new JacoflowError({
      code: "COLUMN_LENGTH",
      kind: "run",
      message: `table ${table}: column ${column} holds ${found} rows in a batch of ${rows}`,
      place: `${table}.${column}`,
      value: found,
      remedy: "Give every column of a batch the same number of rows.",
    }),

  missingColumn: (table: string, column: string, present: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "MISSING_COLUMN",
      kind: "run",
      message: `table ${table}: there is no column ${column}`,
      place: `${table}.${column}`,
      value: column,
      remedy: present.length === 0 ? "The source has no columns." : meant(column, present),
    }),

  columnType: (table: string, column: string, found: string, wanted: string): JacoflowError =>
    new JacoflowError({
      code: "COLUMN_TYPE",
      kind: "run",
      message: `table ${table}: column ${column} is ${found}, not ${wanted}`,
      place: `${table}.${column}`,
      value: found,
      remedy: "Read the source with the table it was written with, or through data/table.",
    }),
} as const;
