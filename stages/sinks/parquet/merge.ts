import { ParquetWriter } from "hyparquet-writer";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
import type { PartFile } from "../keptTables.js";
import { columnSource } from "./columns.js";
import { codecOf } from "./compression.js";
import { FileWriter } from "./fileWriter.js";
import { stepNames } from "./order.js";
import { type ColumnValues, openRowGroups, type RowGroupFile } from "./rowGroups.js";

/** Values in a row group of a merged file: readers like them large, and nothing else has to run meanwhile. */
const valuesPerRowGroup = 1 << 20;

/** Rows of one step that follow each other in a file. */
interface Run {
  readonly file: RowGroupFile;
  readonly from: number;
  readonly to: number;
  readonly step: number | bigint;
}

async function runsOf(file: RowGroupFile, step: string | undefined): Promise<readonly Run[]> {
  const rows = Number(file.metadata.num_rows);
  if (rows === 0) return [];
  if (step === undefined) return [{ file, from: 0, to: rows, step: 0 }];
  const steps = (await file.column(step)) as readonly (number | bigint)[];
  const runs: Run[] = [];
  let from = 0;
  for (let row = 1; row <= rows; row++) {
    if (row < rows && steps[row] === steps[from]) continue;
    runs.push({ file, from, to: row, step: steps[from] });
    from = row;
  }
  return runs;
}

/** The files' rows by step, those of one step in the order of the files. */
async function* rowsByStep(
  files: readonly RowGroupFile[],
  step: string | undefined,
): AsyncGenerator<ColumnValues> {
  const runs: Run[] = [];
  for (const file of files) for (const run of await runsOf(file, step)) runs.push(run);
  runs.sort((left, right) => (left.step < right.step ? -1 : left.step > right.step ? 1 : 0));
  for (let at = 0; at < runs.length; ) {
    const { file, from } = runs[at];
    let { to } = runs[at];
    for (at += 1; at < runs.length && runs[at].file === file && runs[at].from === to; at += 1) {
      to = runs[at].to;
    }
    yield* file.rows(from, to);
  }
}

/** How many values rows have, list items counted one by one. */
function valueCount(columns: ColumnValues): number {
  let count = 0;
  for (const values of Object.values(columns)) {
    for (const value of values) count += Array.isArray(value) ? value.length : 1;
  }
  return count;
}

/** What says that two files hold the same table: schema and metadata. */
const formOf = ({ metadata: { schema, key_value_metadata } }: RowGroupFile) =>
  JSON.stringify([schema, key_value_metadata ?? []]);

/**
 * Writes the rows of all parts, in order, by step, as one Parquet file with their schema, metadata and compression.
 * Holds one row group of each part, one of the new file, and the steps of all rows. Resolves to the rows.
 * PARTS_DIFFER names a part that has other columns or metadata than the first; errors of reading are hyparquet's.
 */
export async function mergeParts(paths: readonly string[], target: PartFile): Promise<number> {
  const files: RowGroupFile[] = [];
  for (const path of paths) files.push(await openRowGroups(path));
  const [first] = files;
  const other = files.find((file) => formOf(file) !== formOf(first));
  if (other !== undefined) throw sinkErrors.partsDiffer(other.path, first.path);
  const { schema, key_value_metadata, row_groups } = first.metadata;
  const lists = schema.filter(({ converted_type }) => converted_type === "LIST").map(({ name }) => name);
  const step = stepNames.find((name) => first.columns.includes(name));
  const compression = row_groups[0]?.columns[0]?.meta_data?.codec ?? "SNAPPY";
  const parquet = new ParquetWriter({
    writer: new FileWriter(target),
    schema,
    ...codecOf(compression),
    createdBy: "jacoflow",
    ...(key_value_metadata === undefined ? {} : { kvMetadata: key_value_metadata }),
  });

  let group: Record<string, unknown[]> = {};
  let values = 0;
  let rows = 0;
  const writeGroup = async () => {
    const columnData = first.columns.map((name) => columnSource(name, group[name], lists.includes(name)));
    await parquet.write({ columnData, rowGroupSize: columnData[0].data.length });
    if (step !== undefined) {
      const sorting = { column_idx: first.columns.indexOf(step), descending: false, nulls_first: false };
      Object.assign(parquet.row_groups[parquet.row_groups.length - 1], { sorting_columns: [sorting] });
    }
    group = {};
    values = 0;
  };
  for await (const slice of rowsByStep(files, step)) {
    for (const name of first.columns) {
      group[name] ??= [];
      for (const value of slice[name]) group[name].push(value);
    }
    rows += slice[first.columns[0]].length;
    values += valueCount(slice);
    if (values >= valuesPerRowGroup) await writeGroup();
  }
  if (values > 0) await writeGroup();
  await parquet.finish();
  return rows;
}
