import { extname } from "node:path";
import { dataErrors } from "../../schemas/errors/data.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { regularFileSize } from "../regularFile.js";
import { checkPart } from "../sinks/checksums.js";
import { type TableFormat, type TableHead, tableFormats } from "./foreignTable.js";
import { checkColumns, type NormalisedExamples, normaliseExamples } from "./normalise.js";

/** TABLE_FORMAT for a name that ends otherwise. */
export function formatOf(file: string): TableFormat {
  const format = tableFormats[extname(file).toLowerCase()];
  if (format === undefined) throw dataErrors.tableFormat(file, Object.keys(tableFormats));
  return format;
}

/** What can be told of a table file without reading its rows: that it is one, and has the columns. */
export async function checkTableFile(file: string): Promise<void> {
  const format = formatOf(file);
  const head = await headOf(format, file).catch((error) => {
    throw dataErrors.unreadable(file, error);
  });
  checkColumns(head, file);
}

async function headOf(format: TableFormat, file: string): Promise<TableHead> {
  await regularFileSize(file);
  return format.head(file);
}

/** The examples of a table file. DAMAGED_PART of one that a sink has written otherwise, DATA_FILE_UNREADABLE, and the errors of `formatOf` and `normaliseExamples`. */
export async function readTableFile(file: string, shape?: readonly number[]): Promise<NormalisedExamples> {
  const format = formatOf(file);
  await checkPart(file);
  try {
    await regularFileSize(file);
    return await normaliseExamples(await format.read(file), file, shape);
  } catch (error) {
    throw error instanceof JacoflowError ? error : dataErrors.unreadable(file, error);
  }
}
