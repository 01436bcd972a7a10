import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openParquet, readColumn } from "../../../stages/parquet/file.js";
import { withFolder } from "../../support/folder.js";

const law = suite("Parquet of DuckDB");

const codecs = ["uncompressed", "snappy", "gzip", "zstd", "brotli", "lz4_raw"];
const columns = [
  "(i % 10)::UTINYINT AS label",
  "list_transform(range(12), x -> (x * 31 + i * 17) % 251)::UTINYINT[12] AS fixed",
  "list_transform(range(i % 5), x -> (x + i) % 7 / 4)::FLOAT[] AS listed",
  "CASE WHEN i % 3 = 0 THEN NULL ELSE [NULL, i] END::BIGINT[] AS holes",
  "['train', 'test'][1 + i % 2] AS split",
];

/** Numbers of 64 bits as numbers, lists as arrays, nothing as null. */
const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number(value);
  return ArrayBuffer.isView(value) || Array.isArray(value)
    ? Array.from(value as number[], plain)
    : (value ?? null);
};

const wanted = (row: number): Readonly<Record<string, unknown>> => ({
  label: row % 10,
  fixed: Array.from({ length: 12 }, (_, at) => (at * 31 + row * 17) % 251),
  listed: Array.from({ length: row % 5 }, (_, at) => ((at + row) % 7) / 4),
  holes: row % 3 === 0 ? null : [null, row],
  split: ["train", "test"][row % 2],
});

async function columnOf(path: string, name: string): Promise<unknown[]> {
  const file = await openParquet(path);
  const values: unknown[] = [];
  for (let group = 0; group < file.footer.row_groups.length; group += 1) {
    for (const piece of await readColumn(file, name, group)) for (const value of piece) values.push(value);
  }
  return values.map(plain);
}

law("lists, dictionaries and nulls of both versions are read as written, whatever compresses them", () =>
  withFolder(async (folder) => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    for (const [at, codec] of [...codecs, ...codecs].entries()) {
      const version = at < codecs.length ? "v1" : "v2";
      const path = join(folder, `${at}.parquet`);
      await connection.run(
        `COPY (SELECT ${columns} FROM range(400) t(i)) TO '${path}'
         (FORMAT parquet, COMPRESSION ${codec}, PARQUET_VERSION ${version}, ROW_GROUP_SIZE 200)`,
      );
      for (const name of Object.keys(wanted(0))) {
        const expected = Array.from({ length: 400 }, (_, row) => wanted(row)[name]);
        assert.equal(await columnOf(path, name), expected, `${codec} ${version} ${name}`);
      }
    }
    connection.closeSync();
  }),
);

law.run();
