import type { RandomSource } from "jacoflow";
import { idCell, labelCell, numberCell, splitCell } from "./cells.js";
import { type Columns, findColumns } from "./columns.js";
import { type CellPlace, csvErrors } from "./errors.js";
import type { CsvOptions } from "./options.js";
import { type CsvRecord, readRecords } from "./records.js";
import { standardise } from "./standardise.js";

/** What an examples table is made of: training examples first, then test examples, each in the order of the file. */
export interface CsvExamples {
  readonly trainCount: number;
  readonly ids: Int32Array;
  /** n × d in shared memory. */
  readonly features: Float32Array;
  readonly labels: Int32Array;
  readonly shape: readonly number[];
  readonly classes: readonly string[];
  /** Rows whose label is not among the option `classes`. */
  readonly passedOver: number;
}

/** What reading a file needs besides the options. */
export interface CsvSource {
  readonly file: string;
  readonly testFile: string | undefined;
  /** `stages.NAME.with`, where errors of options are placed. */
  readonly place: string;
  readonly random: () => RandomSource;
  readonly signal?: AbortSignal;
}

/** Numbers that come one by one, in memory that doubles. */
class Numbers {
  values = new Float32Array(1024);
  length = 0;

  reserve(count: number): number {
    const at = this.length;
    this.length += count;
    if (this.length > this.values.length) {
      const larger = new Float32Array(Math.max(this.length, 2 * this.values.length));
      larger.set(this.values);
      this.values = larger;
    }
    return at;
  }
}

/** The rows of one or two files as they come. */
class Gathered {
  readonly features = new Numbers();
  readonly ids: number[] = [];
  readonly labels: string[] = [];
  readonly splits: ("train" | "test")[] = [];
  passedOver = 0;
  readonly #classes: ReadonlySet<string> | undefined;
  readonly #seen = { train: new Set<number>(), test: new Set<number>() };

  constructor(classes: readonly string[] | undefined) {
    this.#classes = classes === undefined ? undefined : new Set(classes);
  }

  /** @param position of the row among those of its file, its id where no column holds one */
  add(
    { row, cells }: CsvRecord,
    position: number,
    columns: Columns,
    file: string,
    split: "train" | "test",
  ): void {
    const { names } = columns;
    if (cells.length !== columns.count) throw csvErrors.cellCount(file, row, cells.length, columns.count);
    const placeOf = (index: number): CellPlace => ({
      row,
      column: index + 1,
      ...(names === undefined ? {} : { name: names[index] }),
    });
    const label = labelCell(cells[columns.label], file, placeOf(columns.label));
    if (this.#classes?.has(label) === false) {
      this.passedOver += 1;
      return;
    }
    const own =
      columns.split === undefined ? split : splitCell(cells[columns.split], file, placeOf(columns.split));
    let id = position;
    if (columns.id !== undefined) {
      const place = placeOf(columns.id);
      id = idCell(cells[columns.id], file, place);
      if (this.#seen[own].has(id)) throw csvErrors.repeatedId(file, place, id, own);
      this.#seen[own].add(id);
    }
    const start = this.features.reserve(columns.features.length);
    columns.features.forEach((index, at) => {
      this.features.values[start + at] = numberCell(cells[index], file, placeOf(index));
    });
    this.ids.push(id);
    this.labels.push(label);
    this.splits.push(own);
  }
}

/** Reads one file into `gathered`. Resolves to its columns, which must be those of `wanted` where that is given. */
async function gather(
  gathered: Gathered,
  file: string,
  split: "train" | "test",
  options: CsvOptions,
  source: CsvSource,
  wanted?: Columns,
): Promise<Columns> {
  let columns: Columns | undefined;
  let position = 0;
  const { signal } = source;
  const reading = { separator: options.separator, ...(signal === undefined ? {} : { signal }) };
  for await (const records of readRecords(file, reading)) {
    let from = 0;
    if (columns === undefined) {
      columns = findColumns(records[0], options, file, source.place);
      if (wanted?.names?.join("\n") !== columns.names?.join("\n") && wanted !== undefined) {
        throw csvErrors.differentHeader(file, source.file, columns.names ?? [], wanted.names ?? []);
      }
      columns = wanted ?? columns;
      if (options.header) from = 1;
    }
    for (let index = from; index < records.length; index += 1) {
      gathered.add(records[index], position, columns, file, split);
      position += 1;
    }
  }
  if (columns === undefined || position === 0) throw csvErrors.noExamples(file, "rows of examples");
  return columns;
}

/** All numbers ascending by value when every name is a number, else in the order of their UTF-16 units. */
function sortedNames(names: readonly string[]): readonly string[] {
  const distinct = [...new Set(names)];
  const numeric = distinct.every((name) => Number.isFinite(Number(name)));
  return distinct.sort((left, right) => {
    if (numeric && Number(left) !== Number(right)) return Number(left) - Number(right);
    return left < right ? -1 : 1;
  });
}

/** Draws round(share · n) rows of all as test examples, at least one and at most all but one. */
function drawTest(splits: ("train" | "test")[], share: number, random: RandomSource): void {
  const count = Math.min(splits.length - 1, Math.max(1, Math.round(share * splits.length)));
  for (const row of random.permutation(splits.length).subarray(0, count)) splits[row] = "test";
}

/** Options that exclude each other. CSV_OPTION. */
export function checkOptions(options: CsvOptions, place: string): void {
  const ways = (["testPath", "split", "testShare"] as const).filter((name) => options[name] !== undefined);
  if (ways.length > 1) {
    const reason = `${ways.join(" and ")} exclude each other`;
    throw csvErrors.option(`${place}.${ways[1]}`, reason, "Say in one way which examples are test examples.");
  }
  if (options.separator === '"' || options.separator === "\n" || options.separator === "\r") {
    const reason = `${JSON.stringify(options.separator)} cannot separate cells`;
    throw csvErrors.option(`${place}.separator`, reason, "Use another character.", options.separator);
  }
}

/** The columns of a file by its first row, for a check before anything runs: the rows themselves are not looked at. */
export async function readColumns(file: string, options: CsvOptions, place: string): Promise<Columns> {
  for await (const records of readRecords(file, { separator: options.separator })) {
    return findColumns(records[0], options, file, place);
  }
  throw csvErrors.noExamples(file, "rows of examples");
}

/**
 * Reads the examples of one CSV file, or of one for training and one for testing. Errors name file, row and column:
 * those of `readRecords`, `findColumns` and the cells; CSV_CELL_COUNT, CSV_REPEATED_ID, CSV_DIFFERENT_HEADER,
 * CSV_NO_EXAMPLES.
 */
export async function readExamples(options: CsvOptions, source: CsvSource): Promise<CsvExamples> {
  const gathered = new Gathered(options.classes);
  const columns = await gather(gathered, source.file, "train", options, source);
  if (source.testFile !== undefined) {
    await gather(gathered, source.testFile, "test", options, source, columns);
  }
  const { splits, passedOver } = gathered;
  if (options.testShare !== undefined && splits.length > 1)
    drawTest(splits, options.testShare, source.random());
  const trainCount = splits.filter((split) => split === "train").length;
  if (trainCount === 0) throw csvErrors.noExamples(source.file, "training examples");
  const next = { train: 0, test: trainCount };
  const places = splits.map((split) => next[split]++);
  const classes = options.classes ?? sortedNames(gathered.labels);
  const classOf = new Map(classes.map((name, index) => [name, index]));
  const d = columns.features.length;
  const ids = new Int32Array(splits.length);
  const labels = new Int32Array(splits.length);
  const features = new Float32Array(new SharedArrayBuffer(splits.length * d * 4));
  places.forEach((place, row) => {
    ids[place] = gathered.ids[row];
    labels[place] = classOf.get(gathered.labels[row])!;
    features.set(gathered.features.values.subarray(row * d, (row + 1) * d), place * d);
  });
  standardise({ values: features, columns: d }, options.standardise, trainCount);
  return { trainCount, ids, features, labels, shape: options.shape ?? [d], classes, passedOver };
}
