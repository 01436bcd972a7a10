import { JacoflowError } from "./error.js";

/** Where a page is: `byte` of the file, `page` of the column's chunk in a row group, all from 0. */
export interface PagePlace {
  readonly column: string;
  readonly group: number;
  readonly page: number;
  readonly byte: number;
}

/** Messages about what is inside of Parquet files. */
export const parquetErrors = {
  /** `value` is what the page says that cannot be. */
  page: (file: string, { column, group, page, byte }: PagePlace, value: string): JacoflowError =>
    new JacoflowError({
      code: "PARQUET_PAGE",
      kind: "invalid",
      message: `${file}: page ${page} of column ${column} in row group ${group} (byte ${byte}) cannot be read: ${value}`,
      place: `${file}, column ${column}, row group ${group}, page ${page}, byte ${byte}`,
      value,
      remedy:
        "The file is damaged, or its writer made a mistake: write or copy it again; a page with more values than the heap has room for with smaller row groups, or give Node more heap (NODE_OPTIONS=--max-old-space-size=8192).",
    }),
};
