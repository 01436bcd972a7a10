import {
  Bool,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Uint8,
  Uint32,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import { examplesTable, type JacoflowError, metrics, predictionsTable } from "jacoflow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Compression, compressions } from "../src/form.js";
import { encoded, readBack } from "./folder.js";
import { batchOf, type Cell, type Cells, everyTable, randomCells } from "./tables.js";

const law = suite("parquetjs-lite's files");

/** Object.is, cell by cell: NaN equals NaN, −0 is not 0. */
function sameCells(found: readonly unknown[], wanted: readonly (Cell | null)[], name: string) {
  assert.is(found.length, wanted.length, `rows of ${name}`);
  for (const [row, cell] of wanted.entries()) {
    const at = `${name}[${row}]`;
    if (!Array.isArray(cell)) {
      assert.ok(Object.is(found[row], cell), `${at}: ${String(found[row])} is not ${String(cell)}`);
      continue;
    }
    const list = found[row] as readonly unknown[];
    assert.is(list.length, cell.length, `length of ${at}`);
    for (const [index, item] of cell.entries()) assert.ok(Object.is(list[index], item), `${at}[${index}]`);
  }
}

for (const table of everyTable) {
  law(
    `DuckDB reads ${table.name} back value for value: NaN, ±Infinity, int64, empty lists and tables too`,
    async () => {
      const parts = fc.array(randomCells(table, 12), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(parts, fc.constantFrom<Compression>(...compressions), async (all, compression) => {
          const batches = all.map((cells) => batchOf(table, cells));
          const { bytes } = await encoded(table.name, table.schema, batches, compression);
          const found = await readBack(bytes);
          assert.equal(Object.keys(found), Object.keys(table.columns));
          for (const name of Object.keys(table.columns)) {
            const wanted = all.flatMap((cells: Cells) => [...cells[name]]);
            sameCells(found[name], wanted, name);
          }
        }),
        { numRuns: 30 },
      );
    },
  );
}

law(
  "rows and lists that fill several row groups come back, in slices that leave the event loop alone",
  async () => {
    const table = predictionsTable(1000);
    const rows = 500;
    const values = Float32Array.from({ length: rows * 1000 }, (_, at) => at);
    const ids = Int32Array.from({ length: rows }, (_, row) => row);
    const batch = table.batch({ stage: "train", step: 1, epoch: 0.5, split: "test", id: ids, values }, rows);
    const halves = [batch.slice(0, 123), batch.slice(123)];
    let { bytes, longestSlice } = await encoded("predictions", table.schema, halves);
    // A busy machine may hold it up longer: not every time.
    for (let again = 0; longestSlice >= 250 && again < 9; again += 1)
      ({ bytes, longestSlice } = await encoded("predictions", table.schema, halves));
    const found = await readBack(bytes);
    assert.equal(found.id, [...ids]);
    for (const row of [0, 32, 122, 123, 499]) {
      assert.equal(found.values[row], [...values.subarray(row * 1000, (row + 1) * 1000)]);
    }
    assert.ok(longestSlice < 250, `${longestSlice.toFixed(0)} ms without a turn for others`);
  },
);

law("a filter finds every row that matches: no bound hides a row", async () => {
  const names = ["\u{1f600}", "\ufb01", "z", "a"];
  const value = [Number.NaN, 1, Number.NaN, 3];
  const batch = metrics.batch({ stage: "s", step: 0, epoch: 0, split: "train", name: names, value }, 4);
  const { bytes } = await encoded("metrics", metrics.schema, [batch]);
  for (const [row, name] of names.entries()) {
    sameCells((await readBack(bytes, `name = '${name}'`)).value, [value[row]], name);
  }
  assert.equal((await readBack(bytes, "value = 3")).name, ["a"]);
});

/** A batch of one column made elsewhere than in the house: with nulls, or of other types. */
function foreign(field: Field, cells: readonly unknown[]): { schema: Schema; batch: RecordBatch } {
  const schema = new Schema([field]);
  const vector = vectorFromArray(cells as never, field.type);
  const [data] = vector.data;
  const batch = new RecordBatch(
    schema,
    makeData({ type: new Struct([field]), length: cells.length, children: [data], nullCount: 0 }),
  );
  return { schema, batch };
}

law("nulls come back as nulls: of cells, of lists and of elements", async () => {
  const cases: readonly [Field, readonly unknown[]][] = [
    [new Field("c", new Utf8(), true), ["a", null, "", null]],
    [new Field("c", new Bool(), true), [true, null, false]],
    [new Field("c", new Int64(), true), [null, 2n ** 62n + 1n, -1n]],
    [new Field("c", new Uint8(), true), [null, 255, 0]],
    [
      new Field("c", new List(new Field("item", new Float32(), true)), true),
      [[1, null], null, [], [null], [2, 3]],
    ],
    [
      new Field("c", new FixedSizeList(2, new Field("item", new Float32(), true)), true),
      [[1, 2], null, [3, null]],
    ],
  ];
  for (const [field, cells] of cases) {
    const { schema, batch } = foreign(field, cells);
    const found = await readBack((await encoded("any", schema, [batch])).bytes);
    assert.equal(found.c, cells, String(field.type));
  }
});

const refusal = async (field: Field, cells: readonly unknown[]) => {
  const { schema, batch } = foreign(field, cells);
  return encoded("metrics", schema, [batch]).then(
    () => "written",
    (error: JacoflowError) => `${error.code} ${error.place} ${String(error.value)}`,
  );
};

law("what the writer cannot keep is refused by name: types, and nulls where there are none", async () => {
  assert.is(await refusal(new Field("c", new Uint32()), [1]), "PARQUETJS_COLUMN metrics.c Uint32");
  assert.is(await refusal(new Field("c", new Float16()), [1]), "PARQUETJS_COLUMN metrics.c Float16");
  const texts = new List(new Field("item", new Utf8(), false));
  assert.is(await refusal(new Field("c", texts), [["a"]]), "PARQUETJS_COLUMN metrics.c List<Utf8>");
  assert.is(
    await refusal(new Field("c", new Utf8(), false), ["a", null]),
    "PARQUETJS_MISSING_VALUE metrics.c 1",
  );
  const numbers = new List(new Field("item", new Float32(), false));
  assert.is(
    await refusal(new Field("c", numbers, false), [[1, null]]),
    "PARQUETJS_MISSING_VALUE metrics.c 0",
  );
});

law("an error of the disk comes out as it is, another one with the file's name", async () => {
  const { parquetjsForm } = await import("../src/form.js");
  const part = { table: "metrics" as const, schema: metrics.schema, batches: [] };
  const failing = (failure: unknown) =>
    parquetjsForm("none")
      .write({ path: "a.parquet", append: () => Promise.reject(failure) }, part)
      .catch((error: JacoflowError) => error);
  const { JacoflowError: Ours } = await import("jacoflow");
  const full = new Ours({ code: "DISK_FULL", kind: "run", message: "full" });
  assert.is(await failing(full), full);
  const odd = (await failing("a bare string")) as JacoflowError;
  assert.is(`${odd.code} ${odd.place}`, "PARQUETJS_WRITE a.parquet");
  assert.match(odd.message, "a bare string");
});

law("the schema's metadata and the shape of the features are kept as sink/parquet keeps them", async () => {
  const table = examplesTable([2, 3, 1], { classes: ["coat", "bag"] });
  const { bytes } = await encoded("examples", table.schema, []);
  const text = bytes.toString("latin1");
  for (const part of ["jacoflow.table", '["coat","bag"]', "column.features.shape", "[2,3,1]"]) {
    assert.ok(text.includes(part), part);
  }
  assert.is(new Table(table.schema).numRows, (await readBack(bytes)).id.length);
});

law("the same batches give the same bytes", async () => {
  for (const table of everyTable) {
    const [cells] = fc.sample(randomCells(table, 9), { numRuns: 1, seed: 4 });
    for (const compression of compressions) {
      const [one, two] = [1, 2].map(() =>
        encoded(table.name, table.schema, [batchOf(table, cells)], compression),
      );
      assert.ok((await one).bytes.equals((await two).bytes), `${table.name} ${compression}`);
    }
  }
});

law.run();
