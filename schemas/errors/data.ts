import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

const meant = (word: string, known: readonly string[]) => {
  const close = nearest(word, known);
  return close === undefined ? `There are: ${known.join(", ")}.` : `Did you mean "${close}"?`;
};

const shortened = (labels: readonly number[]) =>
  labels.length <= 20 ? labels.join(", ") : `${labels.slice(0, 20).join(", ")}, …`;

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

  unreadable: (file: string, cause: unknown, place?: string): JacoflowError =>
    new JacoflowError({
      code: "DATA_FILE_UNREADABLE",
      kind: "invalid",
      message: `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: place ?? file,
      value: file,
      remedy: "Check the path (relative ones start at the pipeline file's folder) and its permissions.",
      cause,
    }),

  missingFile: (folder: string, what: string, names: readonly string[], place: string): JacoflowError =>
    new JacoflowError({
      code: "DATA_FILE_MISSING",
      kind: "invalid",
      message: `${folder} holds no ${what}`,
      place,
      value: folder,
      remedy: `Put one of these files there: ${names.join(", ")}.`,
    }),

  idxHeader: (file: string, reason: string): JacoflowError =>
    new JacoflowError({
      code: "IDX_HEADER",
      kind: "invalid",
      message: `${file} is not the IDX file it should be: ${reason}`,
      place: file,
      remedy: "Use IDX files of unsigned bytes: 3 dimensions for images, 1 for labels.",
    }),

  /** `found` is a number of whole items, or how the file compares when that is not known. */
  idxLength: (file: string, count: number, found: number | "more" | "fewer"): JacoflowError =>
    new JacoflowError({
      code: "IDX_LENGTH",
      kind: "invalid",
      message:
        typeof found === "number"
          ? `${file} is cut short: it holds ${found} of the ${count} items of its header`
          : `${file} holds ${found} bytes than the ${count} items of its header need`,
      place: file,
      value: found,
      remedy: "Download the file again, or make it again.",
    }),

  imagesAndLabels: (images: string, imageCount: number, labels: string, labelCount: number): JacoflowError =>
    new JacoflowError({
      code: "IMAGES_AND_LABELS_DIFFER",
      kind: "invalid",
      message: `${images} holds ${imageCount} images, ${labels} holds ${labelCount} labels`,
      place: images,
      value: [imageCount, labelCount],
      remedy: "Use the two files of one data set.",
    }),

  imageShapes: (train: readonly number[], test: readonly number[], place: string): JacoflowError =>
    new JacoflowError({
      code: "IMAGE_SHAPES_DIFFER",
      kind: "invalid",
      message: `training images are ${train.join("×")}, test images ${test.join("×")}`,
      place,
      value: [train, test],
      remedy: "Use images of one size, or leave the test split out with test: 0.",
    }),

  tooFewExamples: (
    split: string,
    label: number,
    found: number,
    wanted: number,
    place: string,
  ): JacoflowError =>
    new JacoflowError({
      code: "TOO_FEW_EXAMPLES",
      kind: "invalid",
      message: `${split}: class ${label} has ${found} examples, ${wanted} wanted`,
      place,
      value: found,
      remedy:
        "Lower the number of examples, or name other classes: the number is shared equally by the classes.",
    }),

  labelGap: (source: string, labels: readonly number[]): JacoflowError =>
    new JacoflowError({
      code: "LABEL_OUT_OF_RANGE",
      kind: "invalid",
      message: `${source}: the labels are ${shortened(labels)}, not 0 … ${labels.length - 1}`,
      place: source,
      value: labels,
      remedy: `Name the classes to use with classes: [${shortened(labels)}].`,
    }),

  unknownLabel: (source: string, row: number, label: number, classes: number): JacoflowError =>
    new JacoflowError({
      code: "LABEL_OUT_OF_RANGE",
      kind: "invalid",
      message: `${source}: label ${label} in row ${row} is outside 0 … ${classes - 1}`,
      place: source,
      value: label,
      remedy: `Correct the label, or give as many class names as there are classes (there are ${classes}).`,
    }),

  /** An option that contradicts another one or the data. */
  option: (place: string, reason: string, remedy: string, value?: unknown): JacoflowError =>
    new JacoflowError({ code: "OPTION_VALUE", kind: "invalid", message: reason, place, value, remedy }),
} as const;
