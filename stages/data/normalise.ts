import { Vector } from "apache-arrow";
import { type Split, splits } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";
import type { LabelNoise } from "../../schemas/tables/examples.js";
import type { ForeignTable, TableHead } from "./foreignTable.js";

/** An examples table as arrays: training examples before test examples, each in the order of the file. */
export interface NormalisedExamples {
  readonly trainCount: number;
  readonly ids: Int32Array;
  /** n × d, in shared memory. */
  readonly features: Float32Array;
  readonly labels: Int32Array;
  readonly cleanLabels: Int32Array;
  readonly shape: readonly number[];
  readonly classes?: readonly string[];
  readonly noise?: LabelNoise;
}

const required = ["id", "split", "features", "label"] as const;
const largest = 2 ** 31 - 1;
/** A network gets an output a class: a label beyond is an id or a measurement, unless names say otherwise. */
const mostUnnamedClasses = 2 ** 16;

/** TABLE_COLUMN for a column that is not there. `clean_label` may be left out. */
export function checkColumns({ columns }: TableHead, file: string): void {
  for (const name of required) {
    if (!columns.includes(name)) throw dataErrors.tableColumn(file, name, columns);
  }
}

/**
 * Makes an examples table of ours from one whose types may differ: any integers for ids and labels (within int32), any
 * numbers in any kind of list for features, text or a dictionary for split; clean_label is label when it is left out.
 * The shape is `shape`, else the features' metadata, else [d].
 * Errors, naming file, column and row: TABLE_COLUMN, TABLE_VALUE (null, NaN, wrong type, another number of features),
 * TABLE_ROWS (columns of different lengths), TABLE_METADATA, REPEATED_ID, LABEL_OUT_OF_RANGE, NO_EXAMPLES.
 */
export async function normaliseExamples(
  table: ForeignTable,
  file: string,
  shape?: readonly number[],
): Promise<NormalisedExamples> {
  checkColumns(table, file);
  if (table.rows === 0) throw dataErrors.noExamples(file);
  const facts = metadataOf(table, file);
  const { places, trainCount } = await placesOf(table, file);
  if (places.length === 0) throw dataErrors.noExamples(file);
  const ids = await integers(table, file, "id", places);
  const labels = await integers(table, file, "label", places);
  const cleanLabels = table.columns.includes("clean_label")
    ? await integers(table, file, "clean_label", places)
    : labels;
  checkIds(ids, trainCount, places, file);
  checkLabels("label", labels, facts.classes, places, file);
  checkLabels("clean_label", cleanLabels, facts.classes, places, file);
  const { features, dimension } = await vectors(table, file, places);
  const stated = shape ?? facts.shape ?? [dimension];
  if (stated.reduce((product, side) => product * side, 1) !== dimension) {
    throw dataErrors.tableShape(file, stated, dimension);
  }
  const { classes: names, noise } = facts;
  return {
    trainCount,
    ids,
    features,
    labels,
    cleanLabels,
    shape: stated,
    ...(names === undefined ? {} : { classes: names }),
    ...(noise === undefined ? {} : { noise }),
  };
}

/** The new row of every row of the file: those of train first. */
async function placesOf(
  table: ForeignTable,
  file: string,
): Promise<{ readonly places: Int32Array; readonly trainCount: number }> {
  const found: Split[] = [];
  for await (const chunk of table.column("split")) {
    for (const value of chunk) {
      if (!splits.includes(value as Split)) {
        throw dataErrors.tableValue(file, "split", found.length, value, "train or test");
      }
      found.push(value as Split);
    }
  }
  const trainCount = found.filter((split) => split === "train").length;
  const next = { train: 0, test: trainCount };
  return { places: Int32Array.from(found, (split) => next[split]++), trainCount };
}

async function integers(
  table: ForeignTable,
  file: string,
  column: string,
  places: Int32Array,
): Promise<Int32Array> {
  const values = new Int32Array(places.length);
  let row = 0;
  for await (const chunk of table.column(column)) {
    for (const value of chunk) {
      if (row === places.length) throw dataErrors.tableRows(file, column, "more", places.length);
      const number = typeof value === "bigint" ? Number(value) : value;
      if (typeof number !== "number" || !Number.isInteger(number) || Math.abs(number) > largest) {
        throw dataErrors.tableValue(file, column, row, value, "an integer of 32 bits");
      }
      values[places[row]] = number;
      row += 1;
    }
  }
  if (row < places.length) throw dataErrors.tableRows(file, column, row, places.length);
  return values;
}

async function vectors(
  table: ForeignTable,
  file: string,
  places: Int32Array,
): Promise<{ readonly features: Float32Array; readonly dimension: number }> {
  let features: Float32Array = new Float32Array();
  let dimension = 0;
  let row = 0;
  const refuse = (value: unknown, wanted: string): never => {
    throw dataErrors.tableValue(file, "features", row, value, wanted);
  };
  for await (const chunk of table.column("features")) {
    for (const value of chunk) {
      if (row === places.length) throw dataErrors.tableRows(file, "features", "more", places.length);
      if (value instanceof Vector && value.length > heldBy(value)) {
        refuse(`${value.length} numbers of which ${heldBy(value)} are there`, "a whole list");
      }
      const numbers = listOf(value) ?? refuse(value, "a list of numbers");
      if (row === 0) {
        dimension = numbers.length;
        if (dimension === 0) refuse([], "at least one number");
        features = new Float32Array(new SharedArrayBuffer(places.length * dimension * 4));
      }
      if (numbers.length !== dimension) {
        refuse(`${numbers.length} numbers`, `${dimension} numbers, as in row 0`);
      }
      const start = places[row] * dimension;
      for (let at = 0; at < dimension; at += 1) {
        const element = numbers[at];
        features[start + at] =
          typeof element === "number" || typeof element === "bigint" ? Number(element) : Number.NaN;
        if (!Number.isFinite(features[start + at])) refuse(element, "a list of finite numbers of 32 bits");
      }
      row += 1;
    }
  }
  if (row < places.length) throw dataErrors.tableRows(file, "features", row, places.length);
  return { features, dimension };
}

/** How many elements the bytes of a list have room for: a damaged one may say that it goes on for all of memory. */
const heldBy = ({ data }: Vector) => data.reduce((sum, { values }) => sum + (values?.length ?? 0), 0);

/** The elements of a list of any kind; null for a null among them. */
function listOf(value: unknown): ArrayLike<unknown> | undefined {
  if (Array.isArray(value)) return value;
  if (value instanceof Vector) return value.nullCount > 0 || isHalf(value) ? [...value] : value.toArray();
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? (value as Float32Array) : undefined;
}

/** Arrow gives the bits of float16 in `toArray`, numbers one by one. */
const isHalf = (vector: Vector) => String(vector.type) === "Float16";

function checkIds(ids: Int32Array, trainCount: number, places: Int32Array, file: string): void {
  for (const [from, to] of [
    [0, trainCount],
    [trainCount, ids.length],
  ]) {
    const seen = new Set<number>();
    for (let place = from; place < to; place += 1) {
      if (seen.has(ids[place])) throw dataErrors.repeatedId(file, ids[place], places.indexOf(place));
      seen.add(ids[place]);
    }
  }
}

function checkLabels(
  column: string,
  labels: Int32Array,
  classes: readonly string[] | undefined,
  places: Int32Array,
  file: string,
): void {
  const most = classes?.length ?? mostUnnamedClasses;
  const place = labels.findIndex((label) => label < 0 || label >= most);
  if (place === -1) return;
  const row = places.indexOf(place);
  if (classes === undefined) {
    throw dataErrors.tableValue(file, column, row, labels[place], `a class without a name, 0 to ${most - 1}`);
  }
  throw dataErrors.unknownLabel(file, row, labels[place], classes.length);
}

interface Facts {
  readonly shape?: readonly number[];
  readonly classes?: readonly string[];
  readonly noise?: LabelNoise;
}

function metadataOf({ metadata, columnMetadata }: TableHead, file: string): Facts {
  const parse = <A>(
    key: string,
    text: string | undefined,
    wanted: string,
    fits: (value: unknown) => boolean,
  ) => {
    if (text === undefined) return undefined;
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw dataErrors.tableMetadata(file, key, text, wanted);
    }
    if (!fits(value)) throw dataErrors.tableMetadata(file, key, text, wanted);
    return value as A;
  };
  const isList = (fits: (value: unknown) => boolean) => (value: unknown) =>
    Array.isArray(value) && value.length > 0 && value.every(fits);
  const isSide = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  const shape = parse<number[]>(
    "shape",
    columnMetadata.get("features")?.get("shape"),
    "a JSON array of positive integers",
    isList(isSide),
  );
  const classes = parse<string[]>(
    "classes",
    metadata.get("classes"),
    "a JSON array of names",
    isList((value) => typeof value === "string"),
  );
  const noise = parse<LabelNoise>(
    "noise",
    metadata.get("noise"),
    "a JSON object with kind, fraction, splits and a square transition",
    isLabelNoise,
  );
  return {
    ...(shape === undefined ? {} : { shape }),
    ...(classes === undefined ? {} : { classes }),
    ...(noise === undefined ? {} : { noise }),
  };
}

function isLabelNoise(value: unknown): boolean {
  const { kind, fraction, splits: names, transition } = (value ?? {}) as Partial<LabelNoise>;
  const isRow = (row: unknown) =>
    Array.isArray(row) &&
    row.length === transition?.length &&
    row.every((share) => typeof share === "number");
  return (
    typeof kind === "string" &&
    typeof fraction === "number" &&
    Array.isArray(names) &&
    names.every((name) => splits.includes(name)) &&
    Array.isArray(transition) &&
    transition.every(isRow)
  );
}
