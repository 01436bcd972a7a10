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

  noNetwork: (source: string): JacoflowError =>
    new JacoflowError({
      code: "NO_NETWORK",
      kind: "run",
      message: `${source}: a parameters batch without its network (schema metadata "network")`,
      place: source,
      remedy: "Make the batches with parametersTable(network).",
    }),

  emptySnapshot: (source: string): JacoflowError =>
    new JacoflowError({
      code: "EMPTY_SNAPSHOT",
      kind: "run",
      message: `${source}: a snapshot without tensors`,
      place: source,
      remedy: "Send one batch a snapshot, with a row for every tensor.",
    }),
} as const;
