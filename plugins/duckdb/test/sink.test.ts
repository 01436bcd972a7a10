import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import {
  Bool,
  type DataType,
  Field,
  Float32,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { basis, examplesTable, type JacoflowError, metrics } from "jacoflow";
import { runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { GrowingDatabase } from "../src/database.js";
import { duckdb } from "../src/sink.js";
import { until } from "./until.js";

const law = suite("sink/duckdb");

async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-duckdb-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows of a query, as any program would ask that finds the file. */
async function ask(file: string, sql: string): Promise<readonly (readonly unknown[])[]> {
  const instance = await DuckDBInstance.create(file, { access_mode: "READ_ONLY", threads: "1" });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowsJS();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

const batch = (step: number, value: readonly number[]): RecordBatch =>
  metrics.batch({ stage: "train", step, epoch: 0, split: "test", name: "loss", value }, value.length);

law("a run's tables are in one database, row for row, NaN and infinities included", () =>
  inFolder(async (runFolder) => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.5];
    const sent = [batch(1, values), batch(2, [7]), ...sampleBatches("metrics")];
    const { error } = await runStage(duckdb, { options: {}, inputs: { tables: [sent] }, runFolder });
    assert.is(error, undefined);
    assert.equal(await readdir(runFolder), ["checkpoints", "run.duckdb"]);
    const whole = metrics.read(new Table(sent.map((one) => one)));
    const rows = await ask(join(runFolder, "run.duckdb"), "select step, split, name, value from metrics");
    assert.equal(
      rows,
      Array.from({ length: whole.length }, (_, row) => [
        whole.step[row],
        whole.split[row],
        whole.name[row],
        whole.value[row],
      ]),
    );
  }),
);

law("a table of which nothing came is there without rows, as is one that others sent rows of with them", () =>
  inFolder(async (folder) => {
    for (const [at, sent] of [[[]], [[], [batch(1, [7, 8])]]].entries()) {
      const runFolder = join(folder, String(at));
      const { error } = await runStage(duckdb, { options: {}, inputs: { tables: sent }, runFolder });
      assert.is(error, undefined);
      const rows = await ask(join(runFolder, "run.duckdb"), "select step, name, value from metrics");
      assert.is(rows.length, 2 * at);
    }
  }),
);

law("lists are lists, and a table whose rows do not name their stage gets a column that does", () =>
  inFolder(async (folder) => {
    const database = await GrowingDatabase.create(join(folder, "a.duckdb"));
    const table = examplesTable([2]);
    const columns = {
      id: [0, 1],
      split: "train" as const,
      features: Float32Array.of(1, 2, 3, 4),
      label: 1,
      clean_label: 0,
    };
    await database.append("examples", "data", table.batch(columns, 2));
    const lists = {
      left: { values: Float32Array.of(1, 2, 3), offsets: Int32Array.of(0, 3, 3) },
      ids: { values: Int32Array.of(9), offsets: Int32Array.of(0, 1, 1) },
    };
    const vectors = { stage: "svd", jacobian_step: 0, epoch: 0, split: "train" as const, index: [1, 2] };
    const sizes = { singular_value: 1, next_singular_value: 0, energy_share: 1 };
    await database.append("basis", "svd", basis.batch({ ...vectors, ...lists, ...sizes }, 2));
    await database.close();
    const file = join(folder, "a.duckdb");
    assert.equal(await ask(file, "select stage, id, features from examples"), [
      ["data", 0, [1, 2]],
      ["data", 1, [3, 4]],
    ]);
    assert.equal(await ask(file, 'select "left", ids from basis'), [
      [[1, 2, 3], [9]],
      [[], []],
    ]);
  }),
);

law("a null is null whatever the column is declared as: of texts, numbers, lists and their items", () =>
  inFolder(async (folder) => {
    const file = join(folder, "a.duckdb");
    const database = await GrowingDatabase.create(file);
    const list = (item: Int64 | Float32) => new List(new Field("item", item, true));
    const columns: readonly [DataType, readonly unknown[]][] = [
      [new Utf8(), ["a", null]],
      [new Bool(), [null, false]],
      [new Int64(), [2n ** 63n - 1n, null]],
      [list(new Float32()), [[1, null], null]],
      [list(new Int64()), [[], [2n ** 53n + 1n, null]]],
    ];
    for (const [at, [type, cells]] of columns.entries()) {
      const field = new Field("c", type, false);
      const children = [vectorFromArray(cells as never, type).data[0]];
      const rows = makeData({ type: new Struct([field]), length: 2, nullCount: 0, children } as never);
      await database.append(`t${at}`, "mine", new RecordBatch(new Schema([field]), rows as never));
    }
    await database.close();
    for (const [at, [, cells]] of columns.entries()) {
      assert.equal(
        await ask(file, `select c from t${at}`),
        cells.map((cell) => [cell]),
      );
    }
  }),
);

law(
  "while it is written, what was shown is open to any reader, and one that stays open locks nobody out",
  () =>
    inFolder(async (folder) => {
      const file = join(folder, "a.duckdb");
      const database = await GrowingDatabase.create(file);
      await database.append("metrics", "train", batch(0, [1, 2]));
      await database.show();
      const reader = await DuckDBInstance.create(file, { access_mode: "READ_ONLY" });
      const connection = await reader.connect();
      const seen = async () =>
        (await connection.runAndReadAll("select count(*) from metrics")).getRowsJS()[0][0];
      assert.is(await seen(), 2n);
      await database.append("metrics", "train", batch(1, [3]));
      await database.show();
      assert.is(await seen(), 2n);
      connection.closeSync();
      reader.closeSync();
      assert.equal(await ask(file, "select count(*) from metrics"), [[3n]]);
      await database.close();
      assert.equal(await ask(file, "select count(*) from metrics"), [[3n]]);
    }),
);

law("a second sink for one file is refused before it writes", () =>
  inFolder(async (runFolder) => {
    const once = () => runStage(duckdb, { options: {}, inputs: { tables: [[batch(0, [1])]] }, runFolder });
    assert.is((await once()).error, undefined);
    await rm(join(runFolder, "checkpoints"), { recursive: true });
    assert.is(((await once()).error as JacoflowError).code, "DUCKDB_FILE_EXISTS");
  }),
);

law(
  "killed and resumed, what was shown stays until there is more, and every row is there once in the end",
  () =>
    inFolder(async (folder) => {
      const batches = Array.from({ length: 8 }, (_, step) => batch(step, [step, step + 0.5]));
      const [killed, first] = [join(folder, "killed"), join(folder, "first")];
      const options = { showEvery: 0.02 };
      const file = join(killed, "run.duckdb");
      const count = "select count(*) from metrics";
      const rows = async () => Number((await ask(file, count))[0][0]);
      async function* cutOff() {
        yield* batches.slice(0, 5);
        const shown = join(first, "run.duckdb");
        const all = async () => existsSync(shown) && Number((await ask(shown, count))[0][0]) === 10;
        await until("every row is shown", all);
        await cp(first, killed, { recursive: true });
      }
      await mkdir(first);
      await runStage(duckdb, { options, inputs: { tables: [cutOff()] }, runFolder: first });
      assert.is(await rows(), 10);

      async function* again(last: number) {
        yield* batches.slice(0, 2);
        // Time to show what it has, which it must not.
        await pause(150);
        assert.is(await rows(), 10);
        yield* batches.slice(2, last);
      }
      const stopped = await runStage(duckdb, { options, inputs: { tables: [again(3)] }, runFolder: killed });
      assert.is(stopped.error, undefined);
      assert.is(await rows(), 10, "it was stopped before it had as many rows again");
      const resumed = await runStage(duckdb, { options, inputs: { tables: [again(8)] }, runFolder: killed });
      assert.is(resumed.error, undefined);
      const found = await ask(file, "select step, value from metrics order by step, value");
      assert.equal(
        found,
        batches.flatMap((_, step) => [
          [BigInt(step), step],
          [BigInt(step), step + 0.5],
        ]),
      );
      assert.equal((await readdir(killed)).sort(), ["checkpoints", "run.duckdb"]);

      // A database that was damaged is written again.
      await truncate(file, 5000);
      const mended = await runStage(duckdb, { options, inputs: { tables: [batches] }, runFolder: killed });
      assert.is(mended.error, undefined);
      assert.match(mended.logs.map(({ message }) => message).join(), file);
      assert.is(await rows(), 16);
    }),
);

law("the shown file may be held open or removed while rows come: at the end it has all of them", () =>
  inFolder(async (runFolder) => {
    const file = join(runFolder, "run.duckdb");
    let reader: DuckDBInstance | undefined;
    async function* training() {
      for (let step = 0; step < 6; step += 1) {
        yield batch(step, [step, step]);
        await until("a file is shown", () => existsSync(file));
        await pause(60);
        if (step === 2) reader = await DuckDBInstance.create(file, { access_mode: "READ_ONLY" });
        if (step === 4) await rm(file);
      }
    }
    const { error } = await runStage(duckdb, {
      ...{ runFolder, options: { showEvery: 0.02 } },
      inputs: { tables: [training()] },
    });
    reader?.closeSync();
    assert.is(error, undefined);
    assert.equal(await ask(file, "select count(*), max(step) from metrics"), [[12n, 5n]]);
  }),
);

law(
  "a database that is removed while it is written is a coded error that names it, and what was shown stays",
  () =>
    inFolder(async (runFolder) => {
      const file = join(runFolder, "run.duckdb");
      async function* training() {
        for (let step = 0; step < 6; step += 1) {
          yield batch(step, [step, step]);
          await pause(60);
          if (step === 3) await rm(`${file}.working`);
        }
      }
      const { error, logs } = await runStage(duckdb, {
        ...{ runFolder, options: { showEvery: 0.02 } },
        inputs: { tables: [training()] },
      });
      assert.is((error as JacoflowError).code, "DUCKDB_WRITE");
      assert.match((error as JacoflowError).message, "run.duckdb");
      assert.ok(logs.some(({ level, message }) => level === "warning" && /is not shown/.test(message)));
      const [[rows]] = await ask(file, "select count(*) from metrics");
      assert.ok(Number(rows) >= 2, `${rows} rows`);
    }),
);

law.run();
