import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { Split } from "../../../schemas/columns.js";
import { encodeArrow, joinChunks } from "../../../schemas/ipc.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { checkTableFile, readTableFile } from "../../../stages/data/tableFile.js";
import { examplesBatch } from "../../support/examples.js";
import { complaintAbout } from "../examples.js";
import { mutated } from "../mutate.js";
import type { Reader } from "../reader.js";
import type { Sample } from "../sample.js";

const rows = [
  ["train", 0],
  ["train", 1],
  ["test", 2],
  ["train", 2],
  ["test", 0],
  ["train", 1],
] as const;

/** Examples as DuckDB writes them: list, array and nested-null columns, each codec, small row groups. */
async function writtenByDuckDb(folder: string): Promise<readonly Sample[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const select = (features: string) =>
      rows
        .map(
          ([split, label], id) =>
            `select ${id}::int as id, '${split}' as split, ${features.replaceAll("$", String(id))} as features, ${label}::smallint as label, {a: [${id}, null], b: {c: 'x'}} as extra`,
        )
        .join(" union all ");
    const files: Sample[] = [];
    for (const [features, settings] of [
      ["[$::float, 2, 3]", "codec snappy"],
      ["[$::double, 2, 3]", "codec zstd, row_group_size 2"],
      ["[$::int, 2, 3]::int[3]", "codec gzip"],
      ["[$::bigint, 2, 3]", "codec uncompressed, parquet_version v2"],
      ["[$::float, 2, 3]", "codec lz4_raw, parquet_version v2"],
      ["[$::hugeint, 2, 3]", "codec brotli"],
    ] as const) {
      const path = join(folder, "made.parquet");
      await connection.run(`copy (${select(features)}) to '${path}' (format parquet, ${settings})`);
      files.push({ "examples.parquet": readFileSync(path) });
    }
    return files;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function writtenByArrow(): Promise<readonly Sample[]> {
  const batch = examplesBatch({ train: [0, 1, 2, 2], test: [1, 0], classes: ["a", "b", "c"], shape: [1, 3] });
  const samples: Sample[] = [];
  for (const form of ["file", "stream"] as const) {
    samples.push({
      "examples.arrow": joinChunks(await encodeArrow(batch.schema, [batch, batch.slice(0, 0)], form)),
    });
  }
  return samples;
}

async function read(file: string): Promise<string | undefined> {
  const checked = await checkTableFile(file).then(
    () => undefined,
    (error: unknown) => error,
  );
  const { trainCount, labels, cleanLabels, ids, features, shape, ...facts } = await readTableFile(file);
  if (checked !== undefined) return `its check refuses what it takes (${String(checked)})`;
  const split = Array.from(ids, (_, row): Split => (row < trainCount ? "train" : "test"));
  const columns = { id: ids, split, features, label: labels, clean_label: cleanLabels };
  return complaintAbout(examplesTable(shape, facts).batch(columns, labels.length));
}

const reader = (
  name: string,
  file: string,
  corpus: (folder: string) => Promise<readonly Sample[]>,
): Reader => ({
  name,
  corpus,
  mutate: (sample, random, all) => ({
    [file]: mutated(
      sample[file],
      random,
      all.map((other) => other[file]),
    ),
  }),
  read: (folder) => read(join(folder, file)),
});

/** Examples tables of other houses and ours. */
export const parquetReader = reader("Parquet examples", "examples.parquet", writtenByDuckDb);
export const arrowReader = reader("Arrow examples", "examples.arrow", writtenByArrow);
