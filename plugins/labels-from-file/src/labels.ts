import { type JacoflowError, throwAll } from "jacoflow";
import { type CsvRecord, readRecords } from "jacoflow-plugin-csv/records";
import { labelErrors } from "./errors.js";
import type { LabelsOptions } from "./options.js";

/** One row of a file of labels. */
export interface GivenLabel {
  /** As a spreadsheet numbers it: from 1, the header and empty rows count. */
  readonly row: number;
  readonly id: number;
  readonly label: string;
  readonly split: "train" | "test";
}

/** Mistakes of one file that are told at once; more only fill the screen. */
const mostMistakes = 20;
const largestId = 2 ** 31 - 1;

/**
 * The labels of a CSV file in the order of its rows, with every mistake of its form at once. Errors: LABELS_COLUMN,
 * LABELS_NONE, LABELS_CELL_COUNT, LABELS_CELL, LABELS_REPEATED_ID, those of `jacoflow-plugin-csv/records`; the signal's
 * reason when it aborts.
 *
 * @param place of the options, `stages.NAME.with`
 */
export async function readLabels(
  file: string,
  options: LabelsOptions,
  place: string,
  signal?: AbortSignal,
): Promise<readonly GivenLabel[]> {
  const labels: GivenLabel[] = [];
  const mistakes: JacoflowError[] = [];
  const rowsOfIds = { train: new Map<number, number>(), test: new Map<number, number>() };
  let columns: Columns | undefined;
  const take = (record: CsvRecord) => {
    if (columns === undefined) {
      columns = findColumns(record, options, file, place);
      if (options.header) return;
    }
    const label = readLabel(record, columns, file, options.split, mistakes);
    if (label === undefined) return;
    const rows = rowsOfIds[label.split];
    const first = rows.get(label.id);
    if (first === undefined) rows.set(label.id, label.row);
    else mistakes.push(labelErrors.repeatedId(file, label.row, first, label.id, label.split));
    labels.push(label);
  };
  const reading = { separator: options.separator, ...(signal === undefined ? {} : { signal }) };
  for await (const records of readRecords(file, reading)) {
    for (const record of records) {
      take(record);
      if (mistakes.length >= mostMistakes) throwAll(mistakes);
    }
  }
  throwAll(mistakes);
  if (labels.length === 0) throw labelErrors.noRows(file);
  return labels;
}

interface Columns {
  readonly id: number;
  readonly label: number;
  readonly split: number | undefined;
  readonly count: number;
}

function findColumns({ cells }: CsvRecord, options: LabelsOptions, file: string, place: string): Columns {
  const names = cells.map((name) => name.trim());
  const find = (column: string | number, option: string): number => {
    const optionPlace = `${place}.${option}`;
    if (typeof column === "string" && !options.header) throw labelErrors.headerByName(optionPlace, column);
    const at = typeof column === "number" ? column - 1 : names.indexOf(column);
    if (at === -1 || at >= cells.length) throw labelErrors.unknownColumn(file, column, optionPlace, names);
    return at;
  };
  const { splitColumn } = options;
  return {
    id: find(options.id, "id"),
    label: find(options.label, "label"),
    split: splitColumn === undefined ? undefined : find(splitColumn, "splitColumn"),
    count: cells.length,
  };
}

/** The label of a row; undefined when a mistake was found in it. */
function readLabel(
  { row, cells }: CsvRecord,
  columns: Columns,
  file: string,
  otherwise: GivenLabel["split"],
  mistakes: JacoflowError[],
): GivenLabel | undefined {
  if (cells.length !== columns.count) {
    mistakes.push(labelErrors.cellCount(file, row, cells.length, columns.count));
    return undefined;
  }
  const [idText, label] = [cells[columns.id].trim(), cells[columns.label].trim()];
  const split = columns.split === undefined ? otherwise : cells[columns.split].trim();
  const id = /^\d{1,10}$/.test(idText) ? Number(idText) : Number.NaN;
  const before = mistakes.length;
  const refuse = (what: string, value: string, remedy: string) =>
    mistakes.push(labelErrors.cell(file, row, what, value, remedy));
  if (!(id <= largestId)) refuse("id", idText, "Write an integer from 0 to 2147483647.");
  if (label === "") refuse("label", label, "Fill the cell in, or remove the row.");
  if (split !== "train" && split !== "test") refuse("split", split, "Write train or test.");
  return mistakes.length > before ? undefined : { row, id, label, split: split as GivenLabel["split"] };
}
