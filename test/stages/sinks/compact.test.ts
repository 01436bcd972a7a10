import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { RecordBatch } from "apache-arrow";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TableName } from "../../../pipeline/stage.js";
import { checksumsFile } from "../../../schemas/document.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import type { TableDefinition } from "../../../schemas/table.js";
import { predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { basis } from "../../../schemas/tables/spectrum.js";
import { compactTables, type Folders } from "../../../stages/sinks/parquet/compact.js";
import { listTables, loadRows, readMetadata } from "../../../stages/sinks/parquet/read.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { batchOf, randomColumns } from "../../support/randomTables.js";
import { filesUnder, inFolder, inputOf, sinkContext } from "../../support/sinks.js";
import { rowValues } from "../../support/tables.js";

const test = suite("compact");

const database = await DuckDBInstance.create(":memory:", { threads: "1" });
test.after(() => database.closeSync());

const query = (sql: string) => rowValues(database, sql);

async function keep(folder: string, stage: string, table: TableDefinition, batches: readonly RecordBatch[]) {
  const options = { rowsPerPart: 4, compression: "gzip" as const, arrow: [] };
  const input = inputOf(stage, table.name as TableName, batches);
  await parquet.run({ tables: [input] }, {}, sinkContext(folder, options));
}

const batch = (step: number, rows: number) =>
  metrics.batch(
    { stage: "train", step, epoch: step / 10, split: "train", name: "loss", value: Array(rows).fill(step) },
    rows,
  );

for (const table of [metrics, predictionsTable(3), basis] as unknown as TableDefinition[]) {
  test(`merged parts of ${table.name} are one file with their rows by step, their metadata and compression`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(randomColumns(table, 9), { minLength: 2, maxLength: 5 }), async (parts) => {
        await inFolder(async (folder) => {
          await keep(
            folder,
            "train",
            table,
            parts.map(({ columns, rows }) => batchOf(table, columns, rows)),
          );
          const [before] = await listTables(folder);
          const stepName = "step" in table.columns ? "step" : "jacobian_step";
          const all = (files: readonly string[]) =>
            query(`select * from read_parquet([${files.map((file) => `'${file}'`).join(", ")}])`);
          const at = Object.keys(table.columns).indexOf(stepName);
          const wanted = [...(await all(before.files))].sort((left, right) => {
            const [a, b] = [left[at] as bigint, right[at] as bigint];
            return a < b ? -1 : a > b ? 1 : 0;
          });
          const metadata = await readMetadata(before.files[0]);
          const compacted = await compactTables(folder);
          const [after] = await listTables(folder);
          assert.is(after.files.length, 1);
          assert.is(compacted.length, before.files.length > 1 ? 1 : 0);
          assert.equal(await all(after.files), wanted);
          assert.equal(await readMetadata(after.files[0]), metadata);
          const codecs = await query(
            `select distinct compression from parquet_metadata('${after.files[0]}')`,
          );
          if (wanted.length > 0) assert.equal(codecs, [["GZIP"]]);
          assert.not.ok([...(await filesUnder(folder)).keys()].some((path) => path.startsWith("compacting")));
        });
      }),
      { numRuns: 12 },
    );
  });
}

/** Moves and removals as on the disk, until as many as `allowed` are done: then it is as if the process were killed. */
function killedAfter(allowed: number): Folders & { readonly wasKilled: () => boolean } {
  let done = 0;
  const step = async (work: () => Promise<unknown>) => {
    if (done === allowed) throw new Error("killed");
    done += 1;
    await work();
  };
  return {
    wasKilled: () => done === allowed,
    rename: (from, to) =>
      step(async () => {
        await mkdir(dirname(to), { recursive: true });
        await rename(from, to);
      }),
    remove: (path) => step(() => rm(path, { recursive: true, force: true })),
  };
}

test("killed between any two moves it has lost nothing, shows no row twice, and the next call finishes", async () => {
  const kept = async (folder: string) => {
    const found = await listTables(folder);
    const rows = await Promise.all(
      found.map(async (each) => [each.stage, (await loadRows(metrics, each)).map(({ step }) => step)]),
    );
    return JSON.stringify(rows);
  };
  let killed = 0;
  for (let allowed = 0; ; allowed += 1) {
    const went = await inFolder(async (folder) => {
      for (const stage of ["one", "two"]) {
        await keep(folder, stage, metrics as unknown as TableDefinition, [
          batch(3, 4),
          batch(1, 2),
          batch(9, 4),
        ]);
      }
      const sorted = JSON.stringify(["one", "two"].map((stage) => [stage, [1, 1, 3, 3, 3, 3, 9, 9, 9, 9]]));
      const folders = killedAfter(allowed);
      const error = await compactTables(folder, folders).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      const rows = JSON.parse(await kept(folder)) as [string, number[]][];
      assert.equal(
        rows.map(([stage, steps]) => [stage, steps.sort((a, b) => a - b)]),
        JSON.parse(sorted),
      );
      const [[shown]] = await query(
        `select max(rows) from (select count(*) as rows from '${folder}/tables/*/*/*.parquet' group by filename)`,
      );
      assert.ok(Number(shown) <= 10);
      if (error === undefined) return true;
      killed += 1;
      assert.instance(error, JacoflowError);
      await compactTables(folder);
      assert.is(await kept(folder), sorted);
      assert.equal(
        [...(await filesUnder(folder)).keys()].filter((path) => !path.endsWith(checksumsFile)),
        ["_schema.json", "one/part-00000.parquet", "two/part-00000.parquet"].map(
          (path) => `tables/metrics/${path}`,
        ),
      );
      return false;
    });
    if (went) break;
  }
  assert.ok(killed >= 6, `killed ${killed} times`);
});

test("a part of another table is refused by its name, and nothing is changed", async () => {
  await inFolder(async (folder) => {
    await keep(folder, "train", metrics as unknown as TableDefinition, [batch(0, 4), batch(1, 4)]);
    await inFolder(async (elsewhere) => {
      const other = predictionsTable(2);
      const values = new Float32Array(2);
      const columns = { stage: "train", step: 0, epoch: 0, split: "train" as const, id: [0], values };
      await keep(elsewhere, "train", other as unknown as TableDefinition, [other.batch(columns, 1)]);
      await copyFile(
        join(elsewhere, "tables/predictions/train/part-00000.parquet"),
        join(folder, "tables/metrics/train/part-00002.parquet"),
      );
    });
    const before = await filesUnder(join(folder, "tables"));
    const error = await compactTables(folder).catch((failure: unknown) => failure);
    assert.is((error as JacoflowError).code, "PARTS_DIFFER");
    assert.match((error as JacoflowError).message, "part-00002.parquet");
    assert.equal(await filesUnder(join(folder, "tables")), before);
    await writeFile(join(folder, "tables/metrics/train/part-00002.parquet"), "not Parquet");
    const unreadable = await compactTables(folder).catch((failure: unknown) => failure);
    assert.is((unreadable as JacoflowError).code, "UNREADABLE_TABLE");
  });
});

for (const [name, reason] of [
  ["repeated-column", /row group 0 has column \["split"\] more than once/],
  ["truths-for-steps", /false in column step, which holds Int64/],
] as const) {
  test(`damage that makes ${name} of a part is told`, async () => {
    const file = new URL(`${name}.parquet`, import.meta.url).pathname;
    const kept = { table: "metrics", stage: "train", format: "parquet", files: [file] } as const;
    const error = await loadRows(metrics, kept).catch((thrown: unknown) => thrown);
    assert.is((error as JacoflowError).code, "UNREADABLE_TABLE");
    assert.match((error as JacoflowError).message, reason);
  });
}

test.run();
