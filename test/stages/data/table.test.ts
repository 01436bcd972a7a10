import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DuckDBInstance } from "@duckdb/node-api";
import {
  Bool,
  type DataType,
  Field,
  FixedSizeList,
  Float16,
  Float32,
  Float64,
  Int8,
  Int32,
  Int64,
  List,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  type RecordBatchWriter,
  Schema,
  Table,
  Uint8,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { encodeArrow, joinChunks } from "../../../schemas/ipc.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { table } from "../../../stages/data/table.js";
import { readTableFile } from "../../../stages/data/tableFile.js";
import { readExamples } from "../../../stages/examples.js";
import { examplesBatch } from "../../support/examples.js";
import { withFolder } from "../../support/folder.js";
import { golden, goldenNames, goldenPath } from "../../support/golden.js";
import { checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/data/table");

/** Columns of a small table in the types JavaScript would give them. */
interface Plain {
  readonly id: readonly unknown[];
  readonly split: readonly unknown[];
  readonly features: readonly unknown[];
  readonly label: readonly unknown[];
  readonly clean_label?: readonly unknown[];
}

const plain: Plain = {
  id: [7, 3, 7, 9],
  split: ["test", "train", "train", "train"],
  features: [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
  ],
  label: [1, 0, 2, 1],
};

const types: Readonly<Record<string, DataType>> = {
  id: new Int32(),
  split: new Utf8(),
  features: new List(new Field("item", new Float32(), true)),
  label: new Int32(),
  clean_label: new Int32(),
};

/** An Arrow file of these columns with these types, all nullable. */
function arrowBytes(
  columns: Partial<Plain>,
  over: Readonly<Record<string, DataType>> = {},
  {
    metadata = {},
    shape,
    writer = new RecordBatchFileWriter(),
  }: { metadata?: Record<string, string>; shape?: string; writer?: RecordBatchWriter } = {},
): Uint8Array {
  const names = Object.keys(columns);
  const vectors = names.map((name) =>
    vectorFromArray(columns[name as keyof Plain] as unknown[], over[name] ?? types[name]),
  );
  const fields = names.map(
    (name, at) =>
      new Field(
        name,
        vectors[at].type,
        true,
        name === "features" && shape !== undefined ? new Map([["shape", shape]]) : undefined,
      ),
  );
  const schema = new Schema(fields, new Map(Object.entries(metadata)));
  const made = new Table(schema, Object.fromEntries(names.map((name, at) => [name, vectors[at]])));
  for (const batch of made.batches) writer.write(new RecordBatch(schema, batch.data));
  writer.finish();
  return writer.toUint8Array(true);
}

async function readArrow(bytes: Uint8Array, shape?: readonly number[]) {
  return withFolder(async (folder) => {
    const file = join(folder, "examples.arrow");
    await writeFile(file, bytes);
    return readTableFile(file, shape);
  });
}

async function failure(bytes: Uint8Array): Promise<JacoflowError> {
  try {
    await readArrow(bytes);
  } catch (error) {
    assert.is((error as JacoflowError).exitCode, 78);
    return error as JacoflowError;
  }
  throw new Error("nothing failed");
}

test("the golden examples come out as their safetensors say", async () => {
  for (const name of goldenNames) {
    const { features, labels, network } = golden(name);
    const path = fileURLToPath(goldenPath(name, "examples.arrow"));
    assert.equal(await checkStage(table, { path }), []);
    const read = await readTableFile(path);
    assert.equal(read.shape, network.input);
    assert.equal([...read.labels], [...labels]);
    assert.equal(read.cleanLabels, read.labels);
    assert.ok(
      read.features.every((value, at) => value === features.values[at]),
      name,
    );
    assert.is(read.features.length, features.values.length);
    assert.is(read.classes, undefined);
  }
});

test("the stage sends one batch, read in a thread, its features in shared memory", async () => {
  const { features, labels } = golden("mlp-tanh");
  const path = fileURLToPath(goldenPath("mlp-tanh", "examples.arrow"));
  const { examples } = await sentBy(table, { options: { path, shape: [28, 28, 1] } });
  assert.is(examples.length, 1);
  const { shape, train, test: tested } = readExamples(new Table([...examples]));
  assert.equal(shape, [28, 28, 1]);
  const part = train ?? tested;
  assert.equal([...(part?.labels ?? [])], [...labels]);
  assert.equal(part?.features.values.length, features.values.length);
  assert.ok(part?.features.values.buffer instanceof SharedArrayBuffer);
});

test("training examples come before test examples, each in the order of the file", async () => {
  const read = await readArrow(arrowBytes({ ...plain, clean_label: [1, 0, 0, 1] }));
  assert.is(read.trainCount, 3);
  assert.equal([...read.ids], [3, 7, 9, 7]);
  assert.equal([...read.labels], [0, 2, 1, 1]);
  assert.equal([...read.cleanLabels], [0, 0, 1, 1]);
  assert.equal([...read.features], [3, 4, 5, 6, 7, 8, 1, 2]);
  assert.equal(read.shape, [2]);
  assert.is(read.classes, undefined);
});

test("without clean_label the labels are clean", async () => {
  const { labels, cleanLabels } = await readArrow(arrowBytes(plain));
  assert.equal(cleanLabels, labels);
});

const variants: readonly (readonly [string, Readonly<Record<string, DataType>>, Partial<Plain>])[] = [
  [
    "int64 ids and labels",
    { id: new Int64(), label: new Int64() },
    { id: [7n, 3n, 7n, 9n], label: [1n, 0n, 2n, 1n] },
  ],
  ["small and float integers", { id: new Float64(), label: new Int8() }, {}],
  ["float64 lists", { features: new List(new Field("item", new Float64())) }, {}],
  ["float16 lists", { features: new List(new Field("item", new Float16())) }, {}],
  ["byte lists", { features: new List(new Field("item", new Uint8())) }, {}],
  [
    "int64 lists",
    { features: new List(new Field("item", new Int64())) },
    {
      features: [
        [1n, 2n],
        [3n, 4n],
        [5n, 6n],
        [7n, 8n],
      ],
    },
  ],
  [
    "fixed lists of nullable items",
    { features: new FixedSizeList(2, new Field("item", new Float32(), true)) },
    {},
  ],
];
for (const [words, over, values] of variants) {
  test(`reads ${words}`, async () => {
    const read = await readArrow(arrowBytes({ ...plain, ...values }, over));
    assert.equal([...read.ids], [3, 7, 9, 7]);
    assert.equal([...read.labels], [0, 2, 1, 1]);
    assert.equal([...read.features], [3, 4, 5, 6, 7, 8, 1, 2]);
  });
}

test("class names, noise and shape are kept; the option shape wins; Arrow streams are read too", async () => {
  const noise = {
    kind: "pair-flip",
    fraction: 0.5,
    splits: ["train"],
    transition: [
      [0.5, 0.5],
      [0.5, 0.5],
    ],
  };
  const metadata = { classes: '["a","b","c"]', noise: JSON.stringify(noise), author: "somebody" };
  const bytes = arrowBytes(plain, {}, { metadata, shape: "[1,2,1]", writer: new RecordBatchStreamWriter() });
  const read = await readArrow(bytes);
  assert.equal(read.classes, ["a", "b", "c"]);
  assert.equal(read.noise, noise);
  assert.equal(read.shape, [1, 2, 1]);
  assert.equal((await readArrow(bytes, [2, 1, 1])).shape, [2, 1, 1]);
});

test("every cell that cannot be is an error that names column and row", async () => {
  const cell = async (columns: Partial<Plain>, over: Readonly<Record<string, DataType>> = {}) => {
    const { code, place } = await failure(arrowBytes({ ...plain, ...columns }, over));
    return `${code} ${place?.slice(place.indexOf("#"))}`;
  };
  const lists = (...rows: unknown[]) => ({ features: rows });
  assert.is(await cell({ id: [7, 3, null, 9] }), "TABLE_VALUE #id[2]");
  assert.is(await cell({ label: [1, null, 2, 1] }), "TABLE_VALUE #label[1]");
  assert.is(await cell({ label: [1, 0.5, 2, 1] }, { label: new Float64() }), "TABLE_VALUE #label[1]");
  assert.is(await cell({ label: [1, 0, -2, 1] }), "TABLE_VALUE #label[2]");
  assert.is(await cell({ clean_label: [1, 0, -2, 1] }), "TABLE_VALUE #clean_label[2]");
  assert.is(await cell({ id: [7n, 3n, 1n << 40n, 9n] }, { id: new Int64() }), "TABLE_VALUE #id[2]");
  assert.is(await cell({ split: ["test", "train", "valid", "train"] }), "TABLE_VALUE #split[2]");
  assert.is(await cell({ split: ["test", null, "train", "train"] }), "TABLE_VALUE #split[1]");
  assert.is(await cell(lists([1, 2], [3, Number.NaN], [5, 6], [7, 8])), "TABLE_VALUE #features[1]");
  assert.is(
    await cell(lists([1, 2], [3, 4], [5, Number.POSITIVE_INFINITY], [7, 8])),
    "TABLE_VALUE #features[2]",
  );
  assert.is(await cell(lists([1, 2], [3, null], [5, 6], [7, 8])), "TABLE_VALUE #features[1]");
  assert.is(await cell(lists([1, 2], null, [5, 6], [7, 8])), "TABLE_VALUE #features[1]");
  assert.is(await cell(lists([1, 2], [3, 4], [5, 6], [7])), "TABLE_VALUE #features[3]");
  assert.is(await cell(lists([], [], [], [])), "TABLE_VALUE #features[0]");
  assert.is(
    await cell(lists([1, 2], [3, 1e300], [5, 6], [7, 8]), {
      features: new List(new Field("item", new Float64())),
    }),
    "TABLE_VALUE #features[1]",
  );
  assert.is(await cell(lists(true, false, true, true), { features: new Bool() }), "TABLE_VALUE #features[0]");
  assert.is(await cell({ id: [7, 3, 9, 9] }), "REPEATED_ID #id[3]");
});

test("labels past the class names, wrong metadata, shapes, columns and empty tables are errors", async () => {
  const code = async (bytes: Uint8Array) => (await failure(bytes)).code;
  const told = (metadata: Record<string, string>, shape?: string) =>
    arrowBytes(plain, {}, { metadata, ...(shape === undefined ? {} : { shape }) });
  assert.is(await code(told({ classes: '["a","b"]' })), "LABEL_OUT_OF_RANGE");
  assert.match((await failure(told({ classes: '["a","b"]' }))).message, "label 2 in row 2 is outside 0 … 1");
  assert.is(await code(told({ classes: "a, b" })), "TABLE_METADATA");
  assert.is(await code(told({ classes: "[1,2]" })), "TABLE_METADATA");
  assert.is(await code(told({ noise: '{"kind":"x"}' })), "TABLE_METADATA");
  assert.is(await code(told({}, "[2,0]")), "TABLE_METADATA");
  assert.is(await code(told({}, "[3]")), "TABLE_SHAPE");
  const { label, ...rest } = plain;
  const missing = await failure(
    arrowBytes({ ...rest, lable: label } as Partial<Plain>, { lable: new Int32() }),
  );
  assert.is(missing.code, "TABLE_COLUMN");
  assert.match(missing.remedy ?? "", 'Did you mean "lable"');
  assert.is(await code(joinChunks(await encodeArrow(examplesTable([2]).schema, []))), "NO_EXAMPLES");
  assert.is(await code(new TextEncoder().encode("this is no Arrow file at all")), "DATA_FILE_UNREADABLE");
  assert.is(await code(arrowBytes(plain).subarray(0, 300)), "DATA_FILE_UNREADABLE");
});

test("validate finds missing files, other endings, other contents and missing columns without reading rows", () =>
  withFolder(async (folder) => {
    const code = async (path: string) => (await checkStage(table, { path }, folder))[0]?.code;
    assert.is(await code("absent.arrow"), "DATA_FILE_UNREADABLE");
    assert.is(await code("absent.parquet"), "DATA_FILE_UNREADABLE");
    assert.is(await code("examples.csv"), "TABLE_FORMAT");
    await writeFile(join(folder, "a.arrow"), "hello, hello, hello");
    await writeFile(join(folder, "a.parquet"), "hello, hello, hello");
    assert.is(await code("a.arrow"), "DATA_FILE_UNREADABLE");
    assert.is(await code("a.parquet"), "DATA_FILE_UNREADABLE");
    const { split: _, ...rest } = plain;
    await writeFile(join(folder, "b.arrow"), arrowBytes(rest));
    await writeFile(join(folder, "c.arrow"), arrowBytes(rest, {}, { writer: new RecordBatchStreamWriter() }));
    assert.is(await code("b.arrow"), "TABLE_COLUMN");
    assert.is(await code("c.arrow"), "TABLE_COLUMN");
    await writeFile(join(folder, "d.arrow"), arrowBytes(plain));
    await writeFile(
      join(folder, "e.arrow"),
      arrowBytes(plain, {}, { writer: new RecordBatchStreamWriter() }),
    );
    assert.is(await code("d.arrow"), undefined);
    assert.is(await code("e.arrow"), undefined);
  }));

/** Parquet of these columns, several row groups of two rows. */
function parquetBytes(
  columns: Plain,
  kvMetadata: readonly { key: string; value: string }[] = [],
): Uint8Array {
  return new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "id", data: [...columns.id] },
        { name: "split", data: [...columns.split] },
        { name: "features", data: [...columns.features] },
        { name: "label", data: [...columns.label] },
      ] as never,
      schema: [
        { name: "root", num_children: 4 },
        { name: "id", type: "INT32", repetition_type: "REQUIRED" },
        { name: "split", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
        { name: "features", repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST" },
        { name: "list", repetition_type: "REPEATED", num_children: 1 },
        { name: "element", type: "FLOAT", repetition_type: "OPTIONAL" },
        { name: "label", type: "INT32", repetition_type: "REQUIRED" },
      ],
      rowGroupSize: 2,
      kvMetadata: [...kvMetadata],
    }),
  );
}

test("reads Parquet of several row groups, with our metadata or an Arrow schema's", () =>
  withFolder(async (folder) => {
    const file = join(folder, "examples.parquet");
    await writeFile(file, parquetBytes(plain));
    const bare = await readTableFile(file);
    assert.equal([...bare.ids], [3, 7, 9, 7]);
    assert.equal([...bare.labels], [0, 2, 1, 1]);
    assert.equal([...bare.features], [3, 4, 5, 6, 7, 8, 1, 2]);
    assert.equal(bare.shape, [2]);
    assert.equal(await checkStage(table, { path: file }), []);
    await writeFile(
      file,
      parquetBytes(plain, [
        { key: "classes", value: '["a","b","c"]' },
        { key: "column.features.shape", value: "[1,2,1]" },
      ]),
    );
    const ours = await readTableFile(file);
    assert.equal(
      [ours.classes, ours.shape],
      [
        ["a", "b", "c"],
        [1, 2, 1],
      ],
    );
    const schema = arrowBytes(
      plain,
      {},
      { shape: "[2,1,1]", metadata: { classes: '["x","y","z"]' }, writer: new RecordBatchStreamWriter() },
    );
    await writeFile(
      file,
      parquetBytes(plain, [{ key: "ARROW:schema", value: Buffer.from(schema).toString("base64") }]),
    );
    const arrow = await readTableFile(file);
    assert.equal(
      [arrow.classes, arrow.shape],
      [
        ["x", "y", "z"],
        [2, 1, 1],
      ],
    );
    await writeFile(
      file,
      parquetBytes({
        ...plain,
        features: [
          [1, 2],
          [3, null],
          [5, 6],
          [7, 8],
        ],
      }),
    );
    await failureOf(() => readTableFile(file), "TABLE_VALUE");
    await writeFile(file, parquetBytes({ ...plain, split: ["test", "train", null, "train"] }));
    await failureOf(() => readTableFile(file), "TABLE_VALUE");
    await writeFile(file, parquetBytes(plain).subarray(0, 200));
    await failureOf(() => readTableFile(file), "DATA_FILE_UNREADABLE");
  }));

async function failureOf(act: () => Promise<unknown>, code: string): Promise<void> {
  const error = await act().then(
    () => undefined,
    (thrown) => thrown as JacoflowError,
  );
  assert.is(error?.code, code);
}

test("reads what DuckDB writes, compressed with each of its codecs", () =>
  withFolder(async (folder) => {
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    for (const codec of ["uncompressed", "snappy", "gzip", "zstd", "lz4_raw", "brotli"]) {
      const file = join(folder, `${codec}.parquet`);
      await connection.run(
        `copy (select i as id, case when i % 5 = 0 then 'test' else 'train' end as split, [i::double, i / 2, -i] as features, (i % 3)::bigint as label from range(1000) t(i)) to '${file}' (format parquet, codec '${codec}')`,
      );
      const read = await readTableFile(file);
      assert.is(read.trainCount, 800, codec);
      assert.equal([...read.ids.slice(0, 5)], [1, 2, 3, 4, 6]);
      assert.equal([...read.features.slice(12, 15)], [6, 3, -6]);
      assert.equal([...read.labels.slice(0, 5)], [1, 2, 0, 1, 0]);
    }
    connection.closeSync();
  }));

test("what the house writes to Arrow is read back the same", async () => {
  const float = fc.float({ noNaN: true, noDefaultInfinity: true });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 20 }),
      fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 20 }),
      fc.array(float, { minLength: 7, maxLength: 7 }),
      async (train, tested, numbers) => {
        const rows = { train, test: tested, classes: ["a", "b", "c"], shape: [1, 2, 1] };
        const batch = examplesBatch({ ...rows, feature: (row, place) => numbers[(row * 2 + place) % 7] });
        const read = await readArrow(joinChunks(await encodeArrow(batch.schema, [batch])));
        const columns = examplesTable([1, 2, 1]).read(batch);
        assert.equal(read.features, new Float32Array(columns.features));
        assert.equal([...read.labels], [...train, ...tested]);
        assert.equal([...read.ids], [...columns.id]);
        assert.equal([read.trainCount, read.classes, read.shape], [train.length, rows.classes, rows.shape]);
      },
    ),
    { numRuns: 25 },
  );
});

test("a stopped run ends the reading thread; an error crosses it with its facts", () =>
  withFolder(async (folder) => {
    const file = join(folder, "bad.arrow");
    await writeFile(file, arrowBytes({ ...plain, split: ["test", "train", "valid", "train"] }));
    const { error, batches } = await runStage(table, { options: { path: file } });
    assert.is((error as JacoflowError).code, "TABLE_VALUE");
    assert.is((error as JacoflowError).exitCode, 78);
    assert.is((error as JacoflowError).value, "valid");
    assert.is(batches.examples.length, 0);
    const stop = new AbortController();
    const running = runStage(table, { options: { path: file }, signal: stop.signal });
    stop.abort(new Error("stop"));
    assert.is(((await running).error as Error).message, "stop");
  }));

test.run();
