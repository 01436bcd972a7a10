import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import {
  Bool,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { ndjson } from "../../../stages/sinks/ndjson.js";
import { compactTables } from "../../../stages/sinks/parquet/compact.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { inFolder, inputOf, sinkContext } from "../../support/sinks.js";
import { rowValues } from "../../support/tables.js";

const law = suite("nulls in tables of plugins");

const database = await DuckDBInstance.create(":memory:", { threads: "1" });
law.after(() => database.closeSync());

const list = (item: Float32 | Int64, nullable = true) => new List(new Field("item", item, nullable));

/** A batch of a table that no stage of ours sends: `step` and a column of these cells. */
function foreign(field: Field, cells: readonly unknown[]): RecordBatch {
  const fields = [new Field("step", new Int64(), false), field];
  const steps = BigInt64Array.from(cells, (_, row) => BigInt(row));
  const children = [
    makeData({ type: new Int64(), data: steps, length: cells.length }),
    vectorFromArray(cells as never, field.type).data[0],
  ];
  return new RecordBatch(
    new Schema(fields, new Map([["jacoflow.table", "metrics"]])),
    makeData({ type: new Struct(fields), length: cells.length, nullCount: 0, children: children as never }),
  );
}

const keep = (folder: string, batch: RecordBatch) =>
  parquet.run(
    { tables: [inputOf("train", "metrics", [batch, batch])] },
    {},
    sinkContext(folder, { rowsPerPart: 1, compression: "snappy" as const, arrow: [] }),
  );

const most = 2n ** 63n - 1n;
const { NaN: nothing } = Number;
const columns: readonly [Field, readonly unknown[], string][] = [
  [new Field("c", new Utf8(), true), ["a", null, ""], '"a" null ""'],
  [new Field("c", new Bool(), true), [true, null, false], "true null false"],
  [new Field("c", new Int64(), true), [null, most, -most - 1n], `null ${most} ${-most - 1n}`],
  [new Field("c", new Float64(), true), [null, -0, nothing, 0], 'null -0 "NaN" 0'],
  [
    new Field("c", list(new Float32()), true),
    [null, [1, null], [], [null], [-0, 0, 0, 0], null],
    "null [1,null] [] [null] [-0,0,0,0] null",
  ],
  [new Field("c", list(new Int64()), false), [[1n, null], [most]], `[1,null] [${most}]`],
  [
    new Field("c", new FixedSizeList(2, new Field("item", new Float32(), true)), true),
    [[1, 2], null, [3, null]],
    "[1,2] null [3,null]",
  ],
];

for (const [field, cells, lines] of columns) {
  law(
    `nulls of ${field.type} come back as nulls: cells, lists and items, from parts and from merged ones`,
    () =>
      inFolder(async (folder) => {
        await keep(folder, foreign(field, cells));
        const read = async () =>
          (await rowValues(database, `select c from '${folder}/tables/metrics/train/*.parquet'`)).flat(1);
        assert.ok(sameCells(await read(), [...cells, ...cells]));
        await compactTables(folder);
        assert.ok(
          sameCells(
            await read(),
            cells.flatMap((cell) => [cell, cell]),
          ),
        );
      }),
  );

  law(`nulls of ${field.type} are null in NDJSON, and what is beside them keeps its digits and sign`, () =>
    inFolder(async (folder) => {
      const input = inputOf("train", "metrics", [foreign(field, cells)]);
      await ndjson.run({ tables: [input] }, {}, sinkContext(folder, { file: "rows" }));
      const text = await readFile(join(folder, "rows"), "utf8");
      assert.is(
        text
          .trimEnd()
          .replaceAll(/^.*"c":|\}$/gm, "")
          .replaceAll("\n", " "),
        lines,
      );
    }),
  );
}

/** Cell by cell and item by item, NaN equal to NaN and −0 to no other zero. */
function sameCells(found: unknown, wanted: unknown): boolean {
  if (!Array.isArray(wanted)) return Object.is(found, wanted);
  if (!Array.isArray(found) || found.length !== wanted.length) return false;
  return wanted.every((cell, at) => sameCells(found[at], cell));
}

law("a null that its schema does not allow is refused with column and row, in Parquet", async () => {
  const cases = [
    [new Field("c", new Float64(), false), [1, null]],
    [new Field("c", new Utf8(), false), ["a", null]],
    [new Field("c", list(new Float32()), false), [[1], null]],
    [new Field("c", list(new Float32(), false), true), [null, [1, null]]],
  ] as const;
  for (const [field, cells] of cases) {
    await inFolder(async (folder) => {
      const error = await keep(folder, foreign(field, cells)).then(
        () => undefined,
        (failure: JacoflowError) => failure,
      );
      assert.equal([error?.code, error?.place, error?.value], ["MISSING_VALUE", "metrics.c", 1]);
    });
  }
});

law.run();
