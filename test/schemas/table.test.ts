import {
  type RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Table,
  tableFromIPC,
} from "apache-arrow";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Column, float32List, float64, int32, splits } from "../../schemas/columns.js";
import { defineTable, type TableDefinition, tableNameOf } from "../../schemas/table.js";
import { examplesTable, predictionsTable } from "../../schemas/tables/examples.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { parametersTable } from "../../schemas/tables/parameters.js";
import { angles, projection } from "../../schemas/tables/projection.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";

const test = suite("schemas/table");

const tables: readonly TableDefinition[] = [
  examplesTable([2, 2, 1], { classes: ["coat", "bag"] }),
  predictionsTable(3),
  parametersTable({ input: [4], layers: [] }),
  metrics,
  spectrum,
  basis,
  projection,
  angles,
];

/** Rows of one column as plain values; floats include NaN, ±Infinity and −0. */
function valuesOf(column: Column<unknown, unknown>, rows: number): fc.Arbitrary<readonly unknown[]> {
  const many = (value: fc.Arbitrary<unknown>) => fc.array(value, { minLength: rows, maxLength: rows });
  const type = String(column.type);
  const size = /^FixedSizeList\[(\d+)\]<Float32>$/.exec(type)?.[1];
  if (size !== undefined)
    return many(fc.array(fc.float(), { minLength: Number(size), maxLength: Number(size) }));
  switch (type) {
    case "Int32":
      return many(fc.integer());
    case "Int64":
      return many(fc.maxSafeInteger());
    case "Float64":
      return many(fc.double());
    case "Bool":
      return many(fc.boolean());
    case "Utf8":
      return many(fc.string({ unit: "binary" }));
    case "Dictionary<Int32, Utf8>":
      return many(fc.constantFrom(...splits));
    case "List<Float32>":
      return many(fc.array(fc.float(), { maxLength: 4 }));
    case "List<Int32>":
      return many(fc.array(fc.integer(), { maxLength: 4 }));
    default:
      throw new Error(`no arbitrary for ${type}`);
  }
}

/** The plain rows as what the column's builder takes. */
function toInput(column: Column<unknown, unknown>, values: readonly unknown[]): unknown {
  const type = String(column.type);
  if (type.startsWith("FixedSizeList")) return Float32Array.from(values.flat() as number[]);
  if (type.startsWith("List")) {
    const lists = values as readonly (readonly number[])[];
    // Elements before the first offset must not be read.
    const before = [7, 8];
    const offsets = new Int32Array(lists.length + 1).fill(before.length);
    lists.forEach((list, row) => {
      offsets[row + 1] = offsets[row] + list.length;
    });
    const flat = [...before, ...lists.flat()];
    return { values: type === "List<Float32>" ? Float32Array.from(flat) : Int32Array.from(flat), offsets };
  }
  return values;
}

/** What the reader gave, as plain rows. */
function toRows(column: Column<unknown, unknown>, read: unknown, rows: number): readonly unknown[] {
  const type = String(column.type);
  if (type.startsWith("FixedSizeList")) {
    const values = read as Float32Array;
    const size = rows === 0 ? 0 : values.length / rows;
    return Array.from({ length: rows }, (_, row) =>
      Array.from(values.subarray(row * size, (row + 1) * size)),
    );
  }
  if (type.startsWith("List")) {
    const { values, offsets } = read as { values: Float32Array; offsets: Int32Array };
    assert.is(offsets.length, rows + 1);
    return Array.from({ length: rows }, (_, row) =>
      Array.from(values.subarray(offsets[row], offsets[row + 1])),
    );
  }
  if (type === "Int64") return Array.from(read as BigInt64Array, Number);
  return Array.from(read as ArrayLike<unknown>);
}

type Rows = Readonly<Record<string, readonly unknown[]>>;

function rowsArbitrary(table: TableDefinition): fc.Arbitrary<{ rows: number; values: Rows }> {
  return fc.integer({ min: 0, max: 9 }).chain((rows) =>
    fc.record({
      rows: fc.constant(rows),
      values: fc.record(
        Object.fromEntries(
          Object.entries(table.columns).map(([name, column]) => [name, valuesOf(column, rows)]),
        ),
      ),
    }),
  );
}

function build(table: TableDefinition, values: Rows, rows: number): RecordBatch {
  return table.batch(
    Object.fromEntries(Object.entries(table.columns).map(([name, c]) => [name, toInput(c, values[name])])),
    rows,
  );
}

/** Signs of zeros and NaN count: Object.is row by row. */
function assertReads(table: TableDefinition, source: RecordBatch | Table, wanted: Rows, rows: number): void {
  const read = table.read(source);
  assert.is(read.length, rows);
  for (const [name, column] of Object.entries(table.columns)) {
    const found = toRows(column, read[name], rows).flat();
    const flat = wanted[name].flat();
    assert.is(found.length, flat.length, `${table.name}.${name}`);
    flat.forEach((value, index) => {
      assert.ok(
        Object.is(found[index], value),
        `${table.name}.${name}: ${String(found[index])}, not ${String(value)}`,
      );
    });
  }
}

const sliced = (values: Rows, from: number, to: number): Rows =>
  Object.fromEntries(Object.entries(values).map(([name, column]) => [name, column.slice(from, to)]));

function ipc(...batches: readonly RecordBatch[]): Uint8Array {
  const writer = new RecordBatchStreamWriter();
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return writer.toUint8Array(true);
}

for (const table of tables) {
  test(`${table.name} reads back what was built, slices and several chunks of it too`, () => {
    fc.assert(
      fc.property(rowsArbitrary(table), fc.nat(9), fc.nat(9), ({ rows, values }, a, b) => {
        const batch = build(table, values, rows);
        assertReads(table, batch, values, rows);
        const from = Math.min(a, b, rows);
        const to = Math.min(Math.max(a, b), rows);
        assertReads(table, batch.slice(from, to), sliced(values, from, to), to - from);
        // A slice of a slice, and three chunks whose middle one is empty or not.
        const middle = from + ((to - from) >> 1);
        assertReads(
          table,
          batch.slice(from, to).slice(middle - from),
          sliced(values, middle, to),
          to - middle,
        );
        const chunks = new Table([batch.slice(0, from), batch.slice(from, to), batch.slice(to)]);
        assertReads(table, chunks, values, rows);
        assertReads(table, chunks.slice(from), sliced(values, from, rows), rows - from);
      }),
      { numRuns: 60 },
    );
  });

  test(`${table.name} goes through Arrow IPC whole, sliced and empty`, () => {
    fc.assert(
      fc.property(rowsArbitrary(table), fc.nat(9), ({ rows, values }, cut) => {
        const at = Math.min(cut, rows);
        const batch = build(table, values, rows);
        const bytes = ipc(batch.slice(0, at), batch.slice(at), batch);
        const whole = tableFromIPC(bytes);
        assertReads(table, whole.slice(0, rows), values, rows);
        assertReads(table, whole.slice(rows), values, rows);
        const batches = [...RecordBatchReader.from(bytes)];
        assertReads(table, batches[0], sliced(values, 0, at), at);
        assertReads(table, batches[1], sliced(values, at, rows), rows - at);
        // From bytes that start at an odd address.
        const moved = new Uint8Array(bytes.length + 1);
        moved.set(bytes, 1);
        assertReads(table, tableFromIPC(moved.subarray(1)).slice(rows), values, rows);
        assert.equal([...whole.schema.metadata], [...table.schema.metadata]);
      }),
      { numRuns: 40 },
    );
  });

  test(`${table.name}: a table without batches reads as no rows`, () => {
    const none = Object.fromEntries(Object.keys(table.columns).map((name) => [name, []]));
    assertReads(table, new Table(table.schema), none, 0);
    assertReads(table, tableFromIPC(ipc(build(table, none, 0))), none, 0);
  });

  test(`${table.name}: every column says what it means, all are non-null, and the schema names the table`, () => {
    for (const [name, column] of Object.entries(table.columns)) {
      assert.match(name, /^[a-z]+(_[a-z]+)*$/);
      assert.ok(column.meaning.length > 0, name);
    }
    assert.ok(table.schema.fields.every((field) => !field.nullable));
    assert.is(tableNameOf(table.schema), table.name);
    assert.is(table.schema.metadata.get("jacoflow.version"), String(table.version));
  });
}

test("batches of a table share its one frozen schema", () => {
  const row = { stage: "a", step: 1, epoch: 0.5, split: "train", name: "loss", value: 2 } as const;
  const one = metrics.batch(row, 1);
  const none = metrics.batch(row, 0);
  assert.is(one.schema, metrics.schema);
  assert.is(none.schema, metrics.schema);
  assert.ok(Object.isFrozen(metrics.schema));
});

test("typed arrays go in and come out without a copy, shared memory included", () => {
  const table = examplesTable([2]);
  const features = new Float32Array(new SharedArrayBuffer(24));
  features.set([1, 2, 3, 4, 5, 6]);
  const label = Int32Array.of(0, 1, 0);
  const read = table.read(
    table.batch({ id: Int32Array.of(0, 1, 2), split: "train", features, label, clean_label: label }, 3),
  );
  assert.is(read.features.buffer, features.buffer);
  assert.is(read.label.buffer, label.buffer);
  assert.is(read.clean_label.buffer, label.buffer);
  assert.is(read.features, read.features);
  const values = Float32Array.of(1, 2, 3);
  const lists = defineTable("lists", 1, "", { list: float32List("a list") });
  const back = lists.read(lists.batch({ list: { values, offsets: Int32Array.of(0, 1, 3) } }, 2));
  assert.is(back.list.values.buffer, values.buffer);
});

test("one value stands for all rows", () => {
  const read = metrics.read(
    metrics.batch(
      { stage: "trän", step: 3, epoch: 1.5, split: "test", name: ["loss", "error"], value: 0 },
      2,
    ),
  );
  assert.equal(read.stage, ["trän", "trän"]);
  assert.equal([...read.step], [3n, 3n]);
  assert.equal([...read.epoch], [1.5, 1.5]);
  assert.equal(read.split, ["test", "test"]);
  assert.equal([...read.value], [0, 0]);
});

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
}

test("a column of another length than its batch is an error that names it", () => {
  const table = defineTable("pair", 1, "", { left: int32("left"), right: float64("right") });
  assert.is(
    codeOf(() => table.batch({ left: [1, 2], right: [1] }, 2)),
    "COLUMN_LENGTH",
  );
  const vectors = predictionsTable(3);
  const row = { stage: "s", step: 0, epoch: 0, split: "train", id: [1] } as const;
  assert.is(
    codeOf(() => vectors.batch({ ...row, values: new Float32Array(4) }, 1)),
    "COLUMN_LENGTH",
  );
});

test("reading a batch of another table is an error that names the column", () => {
  const two = defineTable("pair", 1, "", { left: int32("left"), right: float64("right") });
  const other = defineTable("pair", 1, "", { left: float64("left") });
  const read = two.read(other.batch({ left: 1 }, 1));
  assert.is(
    codeOf(() => read.left),
    "COLUMN_TYPE",
  );
  assert.is(
    codeOf(() => read.right),
    "MISSING_COLUMN",
  );
  const wide = predictionsTable(4);
  const row = { stage: "s", step: 0, epoch: 0, split: "train", id: 1 } as const;
  const narrow = predictionsTable(3).batch({ ...row, values: new Float32Array(3) }, 1);
  assert.is(
    codeOf(() => wide.read(narrow).values),
    "COLUMN_TYPE",
  );
});

test.run();
