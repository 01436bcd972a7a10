import { JacoflowError } from "./error.js";

/** Messages about writing the files of a run folder and reading them back. */
export const sinkErrors = {
  /** Two writers for one folder would mix their parts. */
  tableHasWriter: (folder: string, table: string, stage: string): JacoflowError =>
    new JacoflowError({
      code: "TABLE_HAS_WRITER",
      kind: "run",
      message: `${folder} exists: table ${table} of stage ${stage} already has a writer`,
      place: folder,
      value: folder,
      remedy: `Let one sink that writes files take ${stage}.${table} (for Arrow beside Parquet give sink/arrow \`stream: NAME\`), and start from an empty run folder.`,
    }),

  /** A column whose Arrow type has no counterpart here. */
  unsupportedColumn: (table: string, column: string, type: string): JacoflowError =>
    new JacoflowError({
      code: "UNSUPPORTED_COLUMN",
      kind: "run",
      message: `column ${column} of table ${table}: ${type} has no Parquet form here`,
      place: `${table}.${column}`,
      value: type,
      remedy: `Use text, truth values, int32, int64, float32, float64 or lists of numbers, or keep the table as Arrow: arrow: [${table}].`,
    }),

  /** A null where the schema says that there is none. */
  missingValue: (table: string, column: string, row: number): JacoflowError =>
    new JacoflowError({
      code: "MISSING_VALUE",
      kind: "run",
      message: `column ${column} of table ${table} has no value in row ${row} of its batch, and its schema allows none to be missing`,
      place: `${table}.${column}`,
      value: row,
      remedy:
        "Declare the column, or the items of its lists, nullable in the stage that sends it, or send an empty list or not-a-number.",
    }),

  /** Parts of one table that are not of one form. */
  partsDiffer: (file: string, first: string): JacoflowError =>
    new JacoflowError({
      code: "PARTS_DIFFER",
      kind: "invalid",
      message: `${file} has other columns or metadata than ${first}`,
      place: file,
      value: file,
      remedy: "Remove the part that was not written by this run.",
    }),

  /** The parts of a run that goes on, or may go on, are its own. */
  runNotDone: (folder: string, outcome: string): JacoflowError =>
    new JacoflowError({
      code: "RUN_NOT_DONE",
      kind: "invalid",
      message: `${folder}: the run is ${outcome}, and parts are merged of a run that is done`,
      place: folder,
      value: outcome,
      remedy: "Wait for its end; the parts of a run that ended otherwise can be read as they are.",
    }),

  /** Who read what is written went away. */
  outputClosed: (place: string, cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "OUTPUT_CLOSED",
      kind: "run",
      message: `${place} was closed by its reader before the run ended`,
      place,
      remedy: "What other sinks were given is on disk. Let the reader read on to the end.",
      cause,
    }),

  /** Two writers for one file would mix their rows. */
  fileHasWriter: (file: string): JacoflowError =>
    new JacoflowError({
      code: "FILE_HAS_WRITER",
      kind: "run",
      message: `${file} already has a writer`,
      place: file,
      value: file,
      remedy: "Give each sink a file of its own, and start from an empty run folder.",
    }),

  /** A stream has one schema. */
  severalTables: (place: string, tables: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "SEVERAL_TABLES",
      kind: "invalid",
      message: `${place} is one Arrow stream and is given the tables ${tables.join(", ")}`,
      place,
      value: tables.join(", "),
      remedy: "Give it one table, and each other table a sink of its own, or serve them all with http.",
    }),

  /** Batches of one table whose columns depend on the data differ between stages. */
  streamSchema: (place: string, difference: string): JacoflowError =>
    new JacoflowError({
      code: "STREAM_SCHEMA",
      kind: "run",
      message: `${place}: two stages send this table in two forms: ${difference}`,
      place,
      remedy: "Give each stage's table a sink of its own.",
    }),

  twoTargets: (place: string): JacoflowError =>
    new JacoflowError({
      code: "TWO_TARGETS",
      kind: "invalid",
      message: `${place} has both stream and http`,
      place,
      remedy: "Use a sink for each.",
    }),

  cannotServe: (place: string, port: number, cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "CANNOT_SERVE",
      kind: "run",
      message: `${place}: port ${port} of 127.0.0.1 cannot be listened on: ${cause instanceof Error ? cause.message : String(cause)}`,
      place,
      value: port,
      remedy: "Choose another port, or 0 for any that is free.",
      cause,
    }),

  /** A codec that this Node has not. */
  cannotCompress: (place: string, compression: string): JacoflowError =>
    new JacoflowError({
      code: "CANNOT_COMPRESS",
      kind: "invalid",
      message: `${place}: Node ${process.versions.node} cannot compress with ${compression}`,
      place,
      value: compression,
      remedy: "Use Node 22.15 or newer, or leave it out: snappy needs nothing.",
    }),

  reportThreadEnded: (cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "REPORT_THREAD_ENDED",
      kind: "run",
      message: `the report was not written: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: "report.html",
      remedy: "The tables are whole: `jacoflow report RUN` writes the report from them.",
      cause,
    }),

  notRunFolder: (folder: string): JacoflowError =>
    new JacoflowError({
      code: "NOT_A_RUN_FOLDER",
      kind: "invalid",
      message: `${folder} is not a run folder: it has no tables/ and no run.json`,
      place: folder,
      value: folder,
      remedy: "Name a folder that `jacoflow run --out` wrote.",
    }),

  /** A part, or the list of them, that is not what its sink wrote. */
  damagedPart: (file: string, how: string): JacoflowError =>
    new JacoflowError({
      code: "DAMAGED_PART",
      kind: "invalid",
      message: `${file} ${how}`,
      place: file,
      value: file,
      remedy:
        "If the run was cut off, `jacoflow run FILE --resume RUN` writes it again. Else run the same file with the same seed into another folder, whose part has the same bytes, and copy it. To read what is left, remove the part and the `_checksums.json` beside it.",
    }),

  /** The same of a run that is done, whose checkpoints are gone: with the commands that make the part again. */
  damagedPartOfDone: (message: string, file: string, runFolder: string, part: string): JacoflowError =>
    new JacoflowError({
      code: "DAMAGED_PART",
      kind: "invalid",
      message,
      place: `${runFolder}/${part}`,
      value: `${runFolder}/${part}`,
      remedy: `The run is done and has no checkpoint left. Make it anew and copy the part, which has the same bytes: \`jacoflow run ${file} --out ${runFolder}-again && cp ${runFolder}-again/${part} ${runFolder}/${part}\` (with the --set, --seed and --engine of this run; where its parts were merged, \`jacoflow compact ${runFolder}-again\` before the copy).`,
    }),

  /** A resumed run that sends other rows than the run it goes on with. */
  replayDiffers: (file: string, origin: string, batch: number, before: number, rows: number): JacoflowError =>
    new JacoflowError({
      code: "REPLAY_DIFFERS",
      kind: "run",
      message: `${file} has ${before} rows of batch ${batch} of ${origin}, which has ${rows} in the resumed run`,
      place: file,
      value: rows,
      remedy: "Run the pipeline into a new folder: another version or another machine has written this one.",
    }),

  /** A part of a table that cannot be read. */
  unreadableTable: (file: string, cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "UNREADABLE_TABLE",
      kind: "invalid",
      message: `cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: file,
      value: file,
      remedy: "Run the pipeline again, or remove the file to leave it out.",
      cause,
    }),
} as const;
