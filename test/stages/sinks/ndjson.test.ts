import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TableName } from "../../../pipeline/stage.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import type { TableDefinition } from "../../../schemas/table.js";
import { examplesTable, predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { parametersTable } from "../../../schemas/tables/parameters.js";
import { projection } from "../../../schemas/tables/projection.js";
import { basis, spectrum } from "../../../schemas/tables/spectrum.js";
import { ndjson, ndjsonSink } from "../../../stages/sinks/ndjson.js";
import { standardOutput } from "../../../stages/sinks/target.js";
import { batchOf, type Cell, randomColumns } from "../../support/randomTables.js";
import { inFolder, inputOf, sinkContext } from "../../support/sinks.js";

const test = suite("sink/ndjson");

const tables = [
  examplesTable([2, 2, 1]),
  parametersTable({ input: [2], layers: [] }),
  predictionsTable(3),
  metrics,
  spectrum,
  basis,
  projection,
] as unknown as readonly TableDefinition[];

const toFile = { file: "rows.ndjson" };

/** JSON with int64 as bigint: a number that a double would round is put between quotes first. */
function parsed(line: string): Record<string, unknown> {
  const exact = line.replaceAll(/([:,[])(-?\d{16,})(?=[,\]}])/g, '$1"big$2"');
  return JSON.parse(exact, (_, value: unknown) =>
    typeof value === "string" && /^big-?\d+$/.test(value) ? BigInt(value.slice(3)) : value,
  ) as Record<string, unknown>;
}

/** What a reader makes of a value: the three texts are numbers again. */
function readBack(value: unknown, wanted: Cell): unknown {
  if (typeof wanted === "number" && typeof value === "string") return Number(value);
  if (typeof wanted === "number" && typeof value === "bigint") return Number(value);
  if (typeof wanted === "bigint") return BigInt(value as number | bigint);
  if (Array.isArray(wanted)) return (value as unknown[]).map((item, at) => readBack(item, wanted[at]));
  return value;
}

for (const table of tables) {
  test(`each row of ${table.name} is a line, in order, value for value`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(randomColumns(table, 9), { maxLength: 3 }), async (parts) => {
        await inFolder(async (folder) => {
          const batches = parts.map(({ columns, rows }) => batchOf(table, columns, rows));
          const input = inputOf("train", table.name as TableName, batches);
          await ndjson.run({ tables: [input] }, {}, sinkContext(folder, toFile));
          const text = await readFile(join(folder, "rows.ndjson"), "utf8");
          const lines = text.split("\n").slice(0, -1).map(parsed);
          const wanted = parts.flatMap(({ columns, rows }) =>
            Array.from({ length: rows }, (_, row) =>
              Object.fromEntries(Object.keys(table.columns).map((name) => [name, columns[name][row]])),
            ),
          );
          assert.is(lines.length, wanted.length);
          for (const [at, row] of wanted.entries()) {
            assert.is(lines[at].table, table.name);
            if (!("stage" in row)) assert.is(lines[at].stage, "train");
            for (const [name, cell] of Object.entries(row)) {
              const found = readBack(lines[at][name], cell);
              if (Array.isArray(cell)) {
                assert.is((found as []).length, cell.length);
                for (const [item, value] of cell.entries())
                  assert.ok(Object.is((found as [])[item], value), name);
              } else assert.ok(Object.is(found, cell), `${name}: ${String(found)} is not ${String(cell)}`);
            }
          }
        });
      }),
      { numRuns: 15 },
    );
  });
}

const batch = (step: number, value: number[]) =>
  metrics.batch({ stage: "train", step, epoch: 0, split: "test", name: "loss", value }, value.length);

test("NaN and infinities are texts that DuckDB reads as doubles", async () => {
  await inFolder(async (folder) => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.5];
    await ndjson.run(
      { tables: [inputOf("train", "metrics", [batch(3, values)])] },
      {},
      sinkContext(folder, toFile),
    );
    const text = await readFile(join(folder, "rows.ndjson"), "utf8");
    assert.is(
      text.split("\n")[0],
      '{"table":"metrics","stage":"train","step":3,"epoch":0,"split":"test","name":"loss","value":"NaN"}',
    );
    const database = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await database.connect();
    const read = await connection.runAndReadAll(
      `select value::double from read_json('${folder}/rows.ndjson', columns = {value: 'varchar'})`,
    );
    assert.equal(read.getRowsJS().flat(), values);
    connection.closeSync();
    database.closeSync();
  });
});

test("tables side by side are whole lines, each table in its order", async () => {
  await inFolder(async (folder) => {
    const inputs = ["one", "two", "three"].map((stage) => {
      const steps = Array.from({ length: 40 }, (_, step) => step);
      return inputOf(
        stage,
        "metrics",
        steps.map((step) =>
          metrics.batch(
            { stage, step, epoch: 0, split: "test", name: "loss", value: Array(50).fill(step) },
            50,
          ),
        ),
      );
    });
    await ndjson.run({ tables: inputs }, {}, sinkContext(folder, toFile));
    const text = await readFile(join(folder, "rows.ndjson"), "utf8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { stage: string; step: number });
    for (const stage of ["one", "two", "three"]) {
      assert.equal(
        lines.filter((line) => line.stage === stage).map(({ step }) => step),
        Array.from({ length: 2000 }, (_, row) => Math.floor(row / 50)),
      );
    }
  });
});

test("a slow reader of stdout is waited for: no second batch is asked for before the first is written", async () => {
  const order: string[] = [];
  const slow = new Writable({
    highWaterMark: 1,
    write: (chunk, _encoding, done) => {
      setTimeout(() => {
        order.push(`written ${(JSON.parse(String(chunk)) as { step: number }).step}`);
        done();
      }, 2);
    },
  });
  async function* batches() {
    for (let step = 0; step < 3; step++) {
      order.push(`asked ${step}`);
      yield batch(step, [1]);
    }
  }
  const sink = ndjsonSink(() => standardOutput(slow));
  await sink.run(
    { tables: [inputOf("train", "metrics", batches())] },
    {},
    sinkContext("/nowhere", { file: "-" }),
  );
  assert.equal(order, ["asked 0", "written 0", "asked 1", "written 1", "asked 2", "written 2"]);
});

test("a reader that goes away is OUTPUT_CLOSED, and one error of the stream is not an uncaught one", async () => {
  const closed = new PassThrough();
  closed.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
  closed.on("error", () => undefined);
  const sink = ndjsonSink(() => standardOutput(closed));
  const error = await sink
    .run(
      { tables: [inputOf("train", "metrics", [batch(0, [1])])] },
      {},
      sinkContext("/nowhere", { file: "-" }),
    )
    .catch((failure: unknown) => failure);
  assert.is((error as JacoflowError).code, "OUTPUT_CLOSED");
});

test("the name of the report, which would replace the rows at the end, is refused", async () => {
  await inFolder(async (folder) => {
    const error = await ndjson
      .run(
        { tables: [inputOf("train", "metrics", [batch(0, [1])])] },
        {},
        sinkContext(folder, { file: "report.html" }),
      )
      .catch((failure: unknown) => failure);
    assert.is((error as JacoflowError).code, "FILE_HAS_WRITER");
  });
});

test("a file that is there already is refused and left as it is", async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, "rows.ndjson"), "mine\n");
    const error = await ndjson
      .run({ tables: [inputOf("train", "metrics", [batch(0, [1])])] }, {}, sinkContext(folder, toFile))
      .catch((failure: unknown) => failure);
    assert.is((error as JacoflowError).code, "FILE_HAS_WRITER");
    assert.is(await readFile(join(folder, "rows.ndjson"), "utf8"), "mine\n");
  });
});

test.run();
