import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

const meant = (word: string, known: readonly string[]) => {
  const close = nearest(word, known);
  return close === undefined ? `There are: ${known.join(", ")}.` : `Did you mean "${close}"?`;
};

const shortened = (labels: readonly number[]) =>
  labels.length <= 20 ? labels.join(", ") : `${labels.slice(0, 20).join(", ")}, …`;

/** A value of a file as a message shows it: it may be a list of a million numbers. */
const shown = (value: unknown = null) => {
  const written = typeof value === "object" && value !== null ? (JSON.stringify(value) ?? "") : String(value);
  return written.length > 80 ? `${written.slice(0, 77)}...` : written;
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

  missingFolder: (folder: string, place: string): JacoflowError =>
    new JacoflowError({
      code: "DATA_FOLDER_MISSING",
      kind: "invalid",
      message: `there is no folder ${folder}`,
      place,
      value: folder,
      remedy: "Correct the path: relative ones start at the pipeline file's folder.",
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

  idxHeader: (file: string, reason: string, value: unknown): JacoflowError =>
    new JacoflowError({
      code: "IDX_HEADER",
      kind: "invalid",
      message: `${file} is not the IDX file it should be: ${reason}`,
      place: file,
      value,
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

  cifar10Length: (file: string, size: number, record: number): JacoflowError =>
    new JacoflowError({
      code: "CIFAR10_LENGTH",
      kind: "invalid",
      message: `${file} holds ${size} bytes, which are not whole records of ${record}`,
      place: file,
      value: size,
      remedy:
        "Use the binary version of CIFAR-10 (cifar-10-binary.tar.gz), and download it again if it is damaged.",
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

  noExamples: (source: string): JacoflowError =>
    new JacoflowError({
      code: "NO_EXAMPLES",
      kind: "invalid",
      message: `${source} holds no examples`,
      place: source,
      value: 0,
      remedy: "Use a source with at least one training example.",
    }),

  /** `row` holds the first label that is above their number. */
  labelGap: (source: string, labels: readonly number[], row: number): JacoflowError =>
    new JacoflowError({
      code: "LABEL_OUT_OF_RANGE",
      kind: "invalid",
      message: `${source}: the labels are ${shortened(labels)}, not 0 … ${labels.length - 1} (one that is outside stands in row ${row})`,
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

  tableFormat: (file: string, endings: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "TABLE_FORMAT",
      kind: "invalid",
      message: `${file}: it is not known how to read this file`,
      place: file,
      value: file,
      remedy: `Use a file whose name ends in ${endings.join(" or ")}.`,
    }),

  tableColumn: (file: string, column: string, present: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "TABLE_COLUMN",
      kind: "invalid",
      message: `${file} has no column ${column}`,
      place: `${file}#${column}`,
      value: column,
      remedy: present.length === 0 ? "It has no columns at all." : meant(column, present),
    }),

  /** `row` counts from 0 in the order of the file. */
  tableValue: (file: string, column: string, row: number, value: unknown, wanted: string): JacoflowError =>
    new JacoflowError({
      code: "TABLE_VALUE",
      kind: "invalid",
      message: `${file}: ${column} of row ${row} is ${shown(value)}, not ${wanted}`,
      place: `${file}#${column}[${row}]`,
      value: value ?? null,
      remedy: "Correct the row, or leave it out.",
    }),

  /** `rows` are those of the column split. */
  tableRows: (file: string, column: string, found: number | "more", rows: number): JacoflowError =>
    new JacoflowError({
      code: "TABLE_ROWS",
      kind: "invalid",
      message: `${file}: column ${column} has ${found} rows, column split ${rows}`,
      place: `${file}#${column}`,
      value: found,
      remedy: "Make the file again: it is damaged.",
    }),

  tableMetadata: (file: string, key: string, value: string, wanted: string): JacoflowError =>
    new JacoflowError({
      code: "TABLE_METADATA",
      kind: "invalid",
      message: `${file}: the metadata "${key}" is ${value.length > 80 ? `${value.slice(0, 80)}…` : value}, not ${wanted}`,
      place: `${file}#${key}`,
      value,
      remedy: "Correct the metadata, or write the file without it.",
    }),

  tableShape: (file: string, shape: readonly number[], dimension: number): JacoflowError =>
    new JacoflowError({
      code: "TABLE_SHAPE",
      kind: "invalid",
      message: `${file}: features are ${dimension} numbers a row, which is not ${shape.join("×")}`,
      place: `${file}#features`,
      value: shape,
      remedy: "Give a shape whose product is that number.",
    }),

  repeatedId: (file: string, id: number, row: number): JacoflowError =>
    new JacoflowError({
      code: "REPEATED_ID",
      kind: "invalid",
      message: `${file}: id ${id} of row ${row} has come before in its split`,
      place: `${file}#id[${row}]`,
      value: id,
      remedy: "Give every example of a split an id of its own.",
    }),

  alreadyNoisy: (source: string, changed: number): JacoflowError =>
    new JacoflowError({
      code: "ALREADY_NOISY",
      kind: "invalid",
      message: `the labels of ${source} are noisy already (${changed} differ from their clean ones)`,
      place: source,
      value: changed,
      remedy: "Add noise once; kind: matrix describes any law.",
    }),

  noSnapshot: (source: string): JacoflowError =>
    new JacoflowError({
      code: "NO_SNAPSHOT",
      kind: "run",
      message: `${source} sent no snapshot`,
      place: source,
      remedy: "Let that stage send its parameters: its option `snapshots`.",
    }),

  networkInput: (input: readonly number[], shape: readonly number[], place: string): JacoflowError =>
    new JacoflowError({
      code: "NETWORK_INPUT",
      kind: "invalid",
      message: `the network takes inputs of ${input.join("×")}, the examples are ${shape.join("×")}`,
      place,
      value: input,
      remedy: `Set the network's input to [${shape.join(", ")}], or use other examples.`,
    }),

  networkOutputs: (outputs: number, classes: number, place: string): JacoflowError =>
    new JacoflowError({
      code: "NETWORK_OUTPUTS",
      kind: "invalid",
      message: `the network has ${outputs} outputs, the examples ${classes} classes`,
      place,
      value: outputs,
      remedy: "Give the network one output a class.",
    }),

  /** An option that contradicts another one or the data. */
  option: (place: string, reason: string, remedy: string, value?: unknown): JacoflowError =>
    new JacoflowError({ code: "OPTION_VALUE", kind: "invalid", message: reason, place, value, remedy }),
} as const;
