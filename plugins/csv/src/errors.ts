import { JacoflowError } from "jacoflow";

/** A cell's place: row as a spreadsheet numbers it (from 1, the header and empty rows count), column from 1. */
export interface CellPlace {
  readonly row: number;
  readonly column: number;
  /** The column's name, where there is a header. */
  readonly name?: string;
}

const text = (value: string) => JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);

const words = ({ row, column, name }: CellPlace) =>
  `row ${row}, column ${column}${name === undefined ? "" : ` (${text(name)})`}`;

const invalid = (
  code: string,
  message: string,
  place: string,
  value: unknown,
  remedy: string,
  cause?: unknown,
) => new JacoflowError({ code, kind: "invalid", message, place, value, remedy, cause });

/** Messages about CSV files. A place is `file`, `file:row` or `file:row:column`. */
export const csvErrors = {
  unreadable: (file: string, cause: unknown, place?: string) =>
    invalid(
      "CSV_UNREADABLE",
      `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      place ?? file,
      file,
      "Check the path (relative ones start at the pipeline file's folder) and its permissions.",
      cause,
    ),

  notText: (file: string, row: number) =>
    invalid(
      "CSV_NOT_TEXT",
      `${file}: near row ${row} there are bytes that are not UTF-8`,
      `${file}:${row}`,
      row,
      "Save the file as UTF-8.",
    ),

  quote: (file: string, place: CellPlace, reason: string) =>
    invalid(
      "CSV_QUOTE",
      `${file}: ${words(place)}: ${reason}`,
      `${file}:${place.row}:${place.column}`,
      place,
      'Put the whole field in double quotes and write a quote within it twice: "5 "" pipe".',
    ),

  rowTooLong: (file: string, row: number, limit: number) =>
    invalid(
      "CSV_ROW_TOO_LONG",
      `${file}: row ${row} has more than ${limit} characters`,
      `${file}:${row}`,
      row,
      "Close the quote that is left open before it, or check that this is a CSV file.",
    ),

  cellCount: (file: string, row: number, found: number, wanted: number) =>
    invalid(
      "CSV_CELL_COUNT",
      `${file}: row ${row} has ${found} cells, ${wanted} wanted`,
      `${file}:${row}`,
      found,
      "Give every row as many cells as the first, and check the option separator.",
    ),

  emptyCell: (file: string, place: CellPlace) =>
    invalid(
      "CSV_EMPTY_CELL",
      `${file}: ${words(place)} is empty`,
      `${file}:${place.row}:${place.column}`,
      "",
      "Fill the cell in, remove the row, or leave the column out with the option features.",
    ),

  notNumber: (file: string, place: CellPlace, value: string) =>
    invalid(
      "CSV_NOT_A_NUMBER",
      `${file}: ${words(place)}: ${text(value)} is not a finite number of 32 bits`,
      `${file}:${place.row}:${place.column}`,
      value,
      "Write a decimal number such as -1.5e-3, remove the row, or leave the column out with the option features.",
    ),

  id: (file: string, place: CellPlace, value: string) =>
    invalid(
      "CSV_ID",
      `${file}: ${words(place)}: ${text(value)} is not an id`,
      `${file}:${place.row}:${place.column}`,
      value,
      "Write an integer from 0 to 2147483647.",
    ),

  repeatedId: (file: string, place: CellPlace, id: number, split: string) =>
    invalid(
      "CSV_REPEATED_ID",
      `${file}: ${words(place)}: id ${id} occurs twice in the ${split} split`,
      `${file}:${place.row}:${place.column}`,
      id,
      "Give every example of a split an id of its own, or leave the option id out.",
    ),

  split: (file: string, place: CellPlace, value: string) =>
    invalid(
      "CSV_SPLIT",
      `${file}: ${words(place)}: ${text(value)} is not a split`,
      `${file}:${place.row}:${place.column}`,
      value,
      "Write train or test.",
    ),

  unknownColumn: (file: string, column: string | number, place: string, present: readonly string[]) =>
    invalid(
      "CSV_UNKNOWN_COLUMN",
      `${file} has no column ${typeof column === "string" ? text(column) : column}`,
      place,
      column,
      typeof column === "number"
        ? `Give a number from 1 to ${present.length}.`
        : `There are: ${present.slice(0, 24).join(", ")}${present.length > 24 ? ", …" : ""}.`,
    ),

  repeatedColumn: (file: string, name: string, first: number, second: number) =>
    invalid(
      "CSV_REPEATED_COLUMN",
      `${file}: columns ${first} and ${second} are both called ${text(name)}`,
      `${file}:1:${second}`,
      name,
      "Give every column a name of its own, or name columns by number.",
    ),

  columnUsedTwice: (place: string, name: string, uses: readonly string[]) =>
    invalid(
      "CSV_COLUMN_USED_TWICE",
      `column ${text(name)} is ${uses.join(" and ")}`,
      place,
      name,
      "Give every column one use.",
    ),

  headerByName: (place: string, column: string) =>
    invalid(
      "CSV_NO_HEADER",
      `column ${text(column)} is named, but header is false`,
      place,
      column,
      "Give the number of the column, from 1, or set header: true.",
    ),

  differentHeader: (file: string, other: string, found: readonly string[], wanted: readonly string[]) =>
    invalid(
      "CSV_DIFFERENT_HEADER",
      `${file} has columns ${found.join(", ")}; ${other} has ${wanted.join(", ")}`,
      `${file}:1`,
      found,
      "Give both files the same columns in the same order.",
    ),

  noExamples: (file: string, what: string) =>
    invalid(
      "CSV_NO_EXAMPLES",
      `${file} holds no ${what}`,
      file,
      file,
      "Add rows, or correct the options header, classes and split.",
    ),

  shape: (place: string, shape: readonly number[], features: number) =>
    invalid(
      "CSV_SHAPE",
      `shape ${shape.join("×")} does not hold the ${features} feature columns`,
      place,
      shape,
      "Give a shape whose product is the number of feature columns, or leave it out.",
    ),

  /** Options that contradict each other or the file. */
  option: (place: string, reason: string, remedy: string, value?: unknown) =>
    invalid("CSV_OPTION", reason, place, value, remedy),
} as const;
