import { JacoflowError } from "jacoflow";
import type { GivenLabel } from "./labels.js";

/** Rows or ids that a message shows; the others are counted. */
const shown = 5;

const text = (value: string) => JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);

const list = (items: readonly string[]) =>
  items.length <= shown
    ? items.join(", ")
    : `${items.slice(0, shown).join(", ")} and ${items.length - shown} more`;

const names = (present: readonly string[]) =>
  `${present.slice(0, 24).join(", ")}${present.length > 24 ? ", …" : ""}`;

const invalid = (code: string, message: string, place: string, value: unknown, remedy: string) =>
  new JacoflowError({ code, kind: "invalid", message, place, value, remedy });

/** Messages about files of labels. Rows are numbered from 1, the header counts. A place is `file`, `file:row` or an option. */
export const labelErrors = {
  unknownColumn: (file: string, column: string | number, place: string, present: readonly string[]) =>
    invalid(
      "LABELS_COLUMN",
      `${file} has no column ${typeof column === "string" ? text(column) : column}`,
      place,
      column,
      typeof column === "string"
        ? `There are: ${names(present)}.`
        : `Give a number from 1 to ${present.length}.`,
    ),

  headerByName: (place: string, column: string) =>
    invalid(
      "LABELS_COLUMN",
      `column ${text(column)} is named, but header is false`,
      place,
      column,
      "Give the number of the column, from 1, or set header: true.",
    ),

  noRows: (file: string) =>
    invalid("LABELS_NONE", `${file} holds no labels`, file, file, "Add rows, or correct the option header."),

  cellCount: (file: string, row: number, found: number, wanted: number) =>
    invalid(
      "LABELS_CELL_COUNT",
      `${file}: row ${row} has ${found} cells, ${wanted} wanted`,
      `${file}:${row}`,
      found,
      "Give every row as many cells as the first, and check the option separator.",
    ),

  cell: (file: string, row: number, what: string, value: string, remedy: string) =>
    invalid(
      "LABELS_CELL",
      `${file}: row ${row}: ${text(value)} is no ${what}`,
      `${file}:${row}`,
      value,
      remedy,
    ),

  repeatedId: (file: string, row: number, first: number, id: number, split: string) =>
    invalid(
      "LABELS_REPEATED_ID",
      `${file}: rows ${first} and ${row} both give a label to id ${id} of the ${split} examples`,
      `${file}:${row}`,
      id,
      "Keep one of the two rows.",
    ),

  unknownClass: (file: string, stray: readonly GivenLabel[], classes: readonly string[]) =>
    invalid(
      "LABELS_UNKNOWN_CLASS",
      `${file}: labels that are no class of the examples: ${list(stray.map(({ row, label }) => `row ${row} (${text(label)})`))}`,
      `${file}:${stray[0].row}`,
      stray[0].label,
      classes.length === 0
        ? "The examples have no names of classes: set labels: numbers."
        : `Write one of ${names(classes)}, or set the option labels.`,
    ),

  unknownId: (file: string, stray: readonly GivenLabel[]) =>
    invalid(
      "LABELS_UNKNOWN_ID",
      `${file}: ids that no example has: ${list(stray.map(({ row, id, split }) => `row ${row} (${split} ${id})`))}`,
      `${file}:${stray[0].row}`,
      stray[0].id,
      "Remove these rows, or check that the file belongs to these examples and the option split.",
    ),

  missing: (file: string, split: string, ids: readonly number[], from: string) =>
    invalid(
      "LABELS_MISSING",
      `${file} has no row for ${ids.length} of the ${split} examples of ${from}: ids ${list(ids.map(String))}`,
      file,
      ids[0],
      "Add a row for each, or set missing: keep to leave them the label they have.",
    ),
} as const;
