import { csvErrors } from "./errors.js";
import type { CsvOptions } from "./options.js";
import type { CsvRecord } from "./records.js";

/** Which cell of a row is what: indices from 0. */
export interface Columns {
  readonly label: number;
  readonly features: readonly number[];
  readonly id: number | undefined;
  readonly split: number | undefined;
  /** Names from the header; undefined without one. */
  readonly names: readonly string[] | undefined;
  /** Cells a row must have. */
  readonly count: number;
}

/**
 * The columns by the options and the first record of the file. Errors: CSV_UNKNOWN_COLUMN, CSV_NO_HEADER,
 * CSV_REPEATED_COLUMN (a name that is asked for stands twice), CSV_COLUMN_USED_TWICE, CSV_SHAPE, CSV_NO_EXAMPLES
 * (no column is left for the features).
 *
 * @param place of the options, `stages.NAME.with`
 */
export function findColumns(first: CsvRecord, options: CsvOptions, file: string, place: string): Columns {
  const count = first.cells.length;
  const names = options.header ? first.cells.map((name) => name.trim()) : undefined;
  const find = (column: string | number, option: string): number => {
    const optionPlace = `${place}.${option}`;
    if (typeof column === "number") {
      if (column > count) {
        throw csvErrors.unknownColumn(file, column, optionPlace, first.cells);
      }
      return column - 1;
    }
    if (names === undefined) throw csvErrors.headerByName(optionPlace, column);
    const at = names.indexOf(column);
    if (at === -1) throw csvErrors.unknownColumn(file, column, optionPlace, names);
    const second = names.indexOf(column, at + 1);
    if (second !== -1) throw csvErrors.repeatedColumn(file, column, at + 1, second + 1);
    return at;
  };
  const uses = new Map<number, string>();
  const use = (index: number, what: string, option: string) => {
    const before = uses.get(index);
    if (before !== undefined) {
      throw csvErrors.columnUsedTwice(`${place}.${option}`, names?.[index] ?? String(index + 1), [
        before,
        what,
      ]);
    }
    uses.set(index, what);
    return index;
  };
  const single = (option: "label" | "id" | "split") => {
    const column = options[option];
    return column === undefined ? undefined : use(find(column, option), `the ${option}`, option);
  };
  const label = use(find(options.label, "label"), "the label", "label");
  const id = single("id");
  const split = single("split");
  const features =
    options.features?.map((column) => use(find(column, "features"), "a feature", "features")) ??
    Array.from({ length: count }, (_, index) => index).filter((index) => !uses.has(index));
  if (features.length === 0) throw csvErrors.noExamples(file, "feature columns");
  const { shape } = options;
  if (shape !== undefined && shape.reduce((product, side) => product * side, 1) !== features.length) {
    throw csvErrors.shape(`${place}.shape`, shape, features.length);
  }
  return { label, features, id, split, names, count };
}
