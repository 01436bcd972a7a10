import type { RecordBatch, Table } from "apache-arrow";
import { classCount, examplesTable, type JacoflowError, readExamples, throwAll } from "jacoflow";
import { labelErrors } from "./errors.js";
import type { GivenLabel } from "./labels.js";
import type { LabelsOptions } from "./options.js";

/** What came of a join. */
export interface Joined {
  /** The same examples with the labels of the file; what noise made the old ones is not said any more. */
  readonly batch: RecordBatch;
  /** Examples that the file gave a label other than the clean one. */
  readonly changed: number;
  /** Examples without a row, in the splits that have rows. */
  readonly kept: number;
}

/**
 * Gives examples the labels of a file by id; clean labels stay. Every mistake at once: LABELS_UNKNOWN_CLASS,
 * LABELS_UNKNOWN_ID, LABELS_MISSING (unless `missing` is keep).
 *
 * @param names what messages call the labels' file, and the port the examples come from
 */
export function joinLabels(
  examples: Table,
  given: readonly GivenLabel[],
  options: Pick<LabelsOptions, "labels" | "missing">,
  names: { readonly file: string; readonly from: string },
): Joined {
  const set = readExamples(examples);
  const { shape, classes } = set;
  const columns = examplesTable(shape).read(examples);
  const numbers = Array.from({ length: classCount(set) }, (_, index) => String(index));
  const byName = options.labels === undefined ? classes !== undefined : options.labels === "names";
  const known = byName ? (classes ?? []) : numbers;
  const classOf = new Map(known.map((name, index) => [name.trim(), index]));

  const label = Int32Array.from(columns.label);
  const rowsOfIds = { train: new Map<number, number>(), test: new Map<number, number>() };
  columns.split.forEach((split, row) => void rowsOfIds[split].set(columns.id[row], row));
  const unknownIds: GivenLabel[] = [];
  const unknownClasses: GivenLabel[] = [];
  let changed = 0;
  for (const entry of given) {
    const row = rowsOfIds[entry.split].get(entry.id);
    const found = classOf.get(entry.label);
    if (row === undefined) unknownIds.push(entry);
    if (found === undefined) unknownClasses.push(entry);
    if (row === undefined || found === undefined) continue;
    label[row] = found;
    if (found !== columns.clean_label[row]) changed += 1;
  }

  const { file, from } = names;
  const errors: JacoflowError[] = [];
  if (unknownClasses.length > 0) errors.push(labelErrors.unknownClass(file, unknownClasses, known));
  if (unknownIds.length > 0) errors.push(labelErrors.unknownId(file, unknownIds));
  let kept = 0;
  for (const split of new Set(given.map((entry) => entry.split))) {
    const named = new Set(given.filter((entry) => entry.split === split).map(({ id }) => id));
    const missing = [...rowsOfIds[split].keys()].filter((id) => !named.has(id));
    kept += missing.length;
    if (options.missing === "keep" || missing.length === 0) continue;
    errors.push(labelErrors.missing(file, split, missing, from));
  }
  throwAll(errors);
  const table = examplesTable(shape, classes === undefined ? {} : { classes });
  return { batch: table.batch({ ...columns, label }, columns.length), changed, kept };
}
