import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { RecordBatch } from "apache-arrow";
import fc from "fast-check";
import { asyncBufferFromFile, parquetMetadataAsync } from "hyparquet";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TableName } from "../../../pipeline/stage.js";
import { checksumsFile } from "../../../schemas/document.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { decodeArrow } from "../../../schemas/ipc.js";
import type { TableDefinition } from "../../../schemas/table.js";
import { examplesTable, predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { parametersTable } from "../../../schemas/tables/parameters.js";
import { angles, projection } from "../../../schemas/tables/projection.js";
import { basis, spectrum } from "../../../schemas/tables/spectrum.js";
import { diskFiles, type FileSystem } from "../../../stages/sinks/files.js";
import { type Compression, canCompress, compressions } from "../../../stages/sinks/parquet/compression.js";
import { countRows, listTables, loadRows, readMetadata } from "../../../stages/sinks/parquet/read.js";
import { parquet, parquetSink } from "../../../stages/sinks/parquet.js";
import { rowsOf } from "../../../stages/sinks/rows.js";
import { assertStaysFree } from "../../support/eventLoop.js";
import { batchOf, type Cell, randomColumns } from "../../support/randomTables.js";
import { filesUnder, inFolder, inputOf, type LogLine, sinkContext } from "../../support/sinks.js";
import { rowValues } from "../../support/tables.js";

const test = suite("sink/parquet");

const everyTable: readonly TableDefinition[] = [
  examplesTable([2, 2, 1], { classes: ["coat", "bag", "boot"] }),
  parametersTable({ input: [2], layers: [] }),
  predictionsTable(3),
  metrics,
  spectrum,
  basis,
  projection,
  angles,
].map((table) => table as unknown as TableDefinition);

interface Options {
  rowsPerPart: number;
  secondsPerPart?: number;
  compression: Compression;
  arrow: string[];
}

const allParquet: Options = { rowsPerPart: 65_536, compression: "snappy", arrow: [] };

async function keepBatches(
  folder: string,
  table: TableDefinition,
  batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>,
  options: Partial<Options> = allParquet,
  files: FileSystem = diskFiles,
) {
  const input = inputOf("train", table.name as TableName, batches);
  await parquetSink(files).run({ tables: [input] }, {}, sinkContext(folder, { ...allParquet, ...options }));
}

const partsIn = async (folder: string) =>
  (await readdir(folder)).filter((name) => name !== checksumsFile).sort();

const database = await DuckDBInstance.create(":memory:", { threads: "1" });
test.after(() => database.closeSync());

const query = (sql: string) => rowValues(database, sql);

/** Columns of all parts, in the order of their rows, by another reader than ours. */
async function byDuckDB(
  folder: string,
  table: string,
): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const connection = await database.connect();
  try {
    const read = await connection.runAndReadAll(
      `SELECT * FROM read_parquet('${join(folder, "tables", table, "train", "*.parquet")}')`,
    );
    return read.getColumnsObjectJS() as Readonly<Record<string, readonly unknown[]>>;
  } finally {
    connection.closeSync();
  }
}

function metricsBatch(epoch: number, rows = 2): RecordBatch {
  return metrics.batch(
    {
      stage: "train",
      step: epoch * 10,
      epoch,
      split: "train",
      name: "loss",
      value: new Array(rows).fill(1 / (1 + epoch)),
    },
    rows,
  );
}

async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

for (const table of everyTable) {
  test(`DuckDB reads ${table.name} back by step, value for value, empty tables, empty lists, NaN and infinities included`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(randomColumns(table, 12), { maxLength: 4 }), async (parts) => {
        await inFolder(async (folder) => {
          await keepBatches(folder, table, [
            batchOf(table, emptyOf(table), 0),
            ...parts.map(({ columns, rows }) => batchOf(table, columns, rows)),
          ]);
          const found = await byDuckDB(folder, table.name);
          assert.equal(Object.keys(found), Object.keys(table.columns));
          const sent = (name: string): Cell[] => parts.flatMap(({ columns }) => [...columns[name]]);
          const stepName = ["step", "jacobian_step"].find((name) => name in table.columns);
          const steps = stepName === undefined ? [] : (sent(stepName) as bigint[]);
          const order = sent(Object.keys(table.columns)[0]).map((_, row) => row);
          if (steps.length > 0)
            order.sort((a, b) => (steps[a] < steps[b] ? -1 : steps[a] > steps[b] ? 1 : a - b));
          for (const name of Object.keys(table.columns)) {
            const cells = sent(name);
            const wanted = order.map((row) => cells[row]);
            sameCells(found[name], wanted, name);
          }
        });
      }),
      { numRuns: 25 },
    );
  });
}

test("zeros keep their sign among values that come often enough for a dictionary", () =>
  inFolder(async (folder) => {
    const epoch = [0, Number.NaN, Number.NaN, Number.NaN, 0, -0, Number.NaN];
    const same = { stage: "train", step: 0, split: "train", name: "loss", value: 0 } as const;
    await keepBatches(folder, metrics, [metrics.batch({ ...same, epoch }, epoch.length)]);
    sameCells((await byDuckDB(folder, "metrics")).epoch, epoch, "epoch");
  }));

function emptyOf(table: TableDefinition): Record<string, readonly Cell[]> {
  return Object.fromEntries(Object.keys(table.columns).map((name) => [name, []]));
}

/** Object.is, cell by cell: NaN equals NaN, −0 is not 0. */
function sameCells(found: readonly unknown[], wanted: readonly Cell[], name: string) {
  assert.is(found.length, wanted.length, `rows of ${name}`);
  for (const [row, cell] of wanted.entries()) {
    if (Array.isArray(cell)) {
      const list = found[row] as readonly unknown[];
      assert.is(list.length, cell.length, `length of ${name}[${row}]`);
      for (const [at, item] of cell.entries()) assert.ok(Object.is(list[at], item), `${name}[${row}][${at}]`);
    } else {
      assert.ok(Object.is(found[row], cell), `${name}[${row}]: ${String(found[row])} is not ${String(cell)}`);
    }
  }
}

test("every way to compress is read by DuckDB and by our own reader; one that this Node has not is refused", async () => {
  const place = "stages.keep";
  for (const compression of compressions) {
    const check = () => parquet.checkOptions!({ options: { ...allParquet, compression }, place });
    if (!canCompress(compression)) {
      assert.throws(check, (error: JacoflowError) => error.code === "CANNOT_COMPRESS");
      continue;
    }
    check();
    await inFolder(async (folder) => {
      const batches = Array.from({ length: 30 }, (_, epoch) => metricsBatch(epoch, 40));
      await keepBatches(folder, metrics as unknown as TableDefinition, batches, { compression });
      const found = await byDuckDB(folder, "metrics");
      assert.is(found.value.length, 1200);
      const [kept] = await listTables(folder);
      assert.equal(
        (await loadRows(metrics, kept)).map(({ value }) => value),
        found.value,
      );
      const [codecs] = await query(`select distinct compression from parquet_metadata('${kept.files[0]}')`);
      const names = { snappy: "SNAPPY", zstd: "ZSTD", gzip: "GZIP", none: "UNCOMPRESSED" };
      assert.equal(codecs, [names[compression]]);
    });
  }
});

test("statistics and the order are declared: readers pass over row groups, and a filter finds every row", async () => {
  await inFolder(async (folder) => {
    const rows = 30_000;
    const names = [
      "loss",
      "error",
      "parameter_distance_of_a_long_name_1",
      "parameter_distance_of_a_long_name_2",
      "\u{1f600}",
      "\uffee",
    ];
    const batch = metrics.batch(
      {
        stage: "train",
        step: BigInt64Array.from({ length: rows }, (_, row) => BigInt(rows - row)),
        epoch: 0,
        split: "train",
        name: Array.from({ length: rows }, (_, row) => names[row % names.length]),
        value: Float64Array.from({ length: rows }, (_, row) => (row % 7 === 0 ? Number.NaN : row - 100)),
      },
      rows,
    );
    await keepBatches(folder, metrics as unknown as TableDefinition, [batch]);
    const [{ files }] = await listTables(folder);
    const steps = await query(
      `select row_group_num_rows, stats_min_value::bigint, stats_max_value::bigint from parquet_metadata('${files[0]}') where path_in_schema = 'step' order by row_group_id`,
    );
    assert.ok(steps.length >= 2, `${steps.length} row groups`);
    let next = 1n;
    for (const [count, least, greatest] of steps as [bigint, bigint, bigint][]) {
      assert.is(least, next);
      assert.is(greatest, next + count - 1n);
      next += count;
    }
    const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(files[0]));
    for (const group of row_groups) {
      assert.equal(group.sorting_columns, [{ column_idx: 1, descending: false, nulls_first: false }]);
    }
    for (const [at, name] of names.entries()) {
      const wanted = Array.from({ length: rows }, (_, row) => row).filter((row) => row % names.length === at);
      const where = `from '${files[0]}' where name = '${name}'`;
      assert.equal(await query(`select count(*) ${where}`), [[BigInt(wanted.length)]]);
      assert.equal(await query(`select count(*) ${where} and isnan(value)`), [
        [BigInt(wanted.filter((row) => row % 7 === 0).length)],
      ]);
    }
    assert.equal(await query(`select step from '${files[0]}' where value = -99`), [[BigInt(rows - 1)]]);
  });
});

test("each table's folder has _schema.json, which explains every column of its files", async () => {
  await inFolder(async (folder) => {
    for (const table of everyTable) await keepBatches(folder, table, [batchOf(table, emptyOf(table), 0)]);
    for (const table of everyTable) {
      const text = await readFile(join(folder, "tables", table.name, "_schema.json"), "utf8");
      const described = JSON.parse(text) as {
        readonly table: string;
        readonly columns: readonly {
          readonly name: string;
          readonly unit: string;
          readonly meaning: string;
        }[];
      };
      assert.is(described.table, table.name);
      assert.equal(
        described.columns.map(({ name, unit, meaning }) => [name, unit, meaning]),
        Object.entries(table.columns).map(([name, { unit, meaning }]) => [name, unit, meaning]),
      );
    }
  });
});

test("parts that end by the clock are warned of", async () => {
  await inFolder(async (folder) => {
    const lines: LogLine[] = [];
    const input = inputOf("train", "metrics", [metricsBatch(0)]);
    const options = { ...allParquet, secondsPerPart: 60 };
    await parquet.run({ tables: [input] }, {}, sinkContext(folder, options, { lines }));
    assert.equal(
      lines.filter(({ level, message }) => level === "warning" && /depend on the clock/.test(message)).length,
      1,
    );
  });
});

test("our own reader agrees with what was sent, from Parquet and from Arrow files", async () => {
  for (const format of ["parquet", "arrow"] as const) {
    await inFolder(async (folder) => {
      const table = basis as unknown as TableDefinition;
      const [sample] = fc.sample(randomColumns(table, 9), { numRuns: 1, seed: 4 });
      const columns = {
        ...sample.columns,
        jacobian_step: sample.columns.jacobian_step.map((_, row) => BigInt(row)),
      };
      const batch = batchOf(table, columns, sample.rows);
      await keepBatches(folder, table, [batch, batch], {
        rowsPerPart: 1,
        arrow: format === "arrow" ? ["basis"] : [],
      });
      const [kept] = await listTables(folder);
      assert.is(kept.format, format);
      assert.is(kept.files.length, 2);
      assert.is(await countRows(kept), 2 * sample.rows);
      const rows = await loadRows(basis, kept);
      assert.equal(rows, [...rowsOf(basis, batch), ...rowsOf(basis, batch)]);
    });
  }
});

test("a batch that is a slice of another is kept as the slice", async () => {
  await inFolder(async (folder) => {
    const table = examplesTable([2]);
    const whole = table.batch(
      {
        id: [0, 1, 2, 3],
        split: ["train", "test", "train", "test"],
        features: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
        label: [1, 2, 3, 4],
        clean_label: [1, 1, 1, 1],
      },
      4,
    );
    await keepBatches(folder, table as unknown as TableDefinition, [whole.slice(1, 3)]);
    const found = await byDuckDB(folder, "examples");
    assert.equal(found.features, [
      [2, 3],
      [4, 5],
    ]);
    assert.equal(found.split, ["test", "train"]);
    assert.equal(found.label, [2, 3]);
  });
});

test("two columns over one typed array are both right", async () => {
  await inFolder(async (folder) => {
    const label = Int32Array.from([2, 0, 1]);
    const table = examplesTable([1]);
    const batch = table.batch(
      { id: [0, 1, 2], split: "train", features: new Float32Array(3), label, clean_label: label },
      3,
    );
    await keepBatches(folder, table as unknown as TableDefinition, [batch]);
    const found = await byDuckDB(folder, "examples");
    assert.equal(found.label, [2, 0, 1]);
    assert.equal(found.clean_label, [2, 0, 1]);
  });
});

test("the schema's metadata and the shape of the features come back", async () => {
  await inFolder(async (folder) => {
    const table = examplesTable([2, 3, 1], { classes: ["coat", "bag"] });
    await keepBatches(folder, table as unknown as TableDefinition, [
      batchOf(table as unknown as TableDefinition, emptyOf(table as unknown as TableDefinition), 0),
    ]);
    const metadata = await readMetadata(join(folder, "tables/examples/train/part-00000.parquet"));
    assert.is(metadata.get("jacoflow.table"), "examples");
    assert.is(metadata.get("jacoflow.version"), "1");
    assert.is(metadata.get("classes"), '["coat","bag"]');
    assert.is(metadata.get("column.features.shape"), "[2,3,1]");
  });
});

test("the same batches give the same bytes", async () => {
  for (const arrow of [[], ["metrics"]]) {
    const bytes: ReadonlyMap<string, Buffer>[] = [];
    for (let time = 0; time < 2; time++) {
      await inFolder(async (folder) => {
        const batches = Array.from({ length: 20 }, (_, epoch) => metricsBatch(epoch, 1 + (epoch % 3)));
        await keepBatches(folder, metrics as unknown as TableDefinition, batches, { rowsPerPart: 8, arrow });
        bytes.push(await filesUnder(folder));
      });
    }
    assert.equal([...bytes[0].keys()], [...bytes[1].keys()]);
    for (const [path, content] of bytes[0]) assert.ok(content.equals(bytes[1].get(path)!), path);
  }
});

test("while batches come, at least half of them lie in whole files, and nothing half-written has a part's name", async () => {
  await inFolder(async (folder) => {
    const seen: number[] = [];
    async function* batches() {
      for (let sent = 0; sent < 40; sent++) {
        if (sent > 0) {
          const [kept] = await listTables(folder);
          const rows = await countRows(kept);
          seen.push(rows);
          assert.ok(rows >= sent, `${rows} of ${2 * sent} rows after ${sent} batches`);
        }
        yield metricsBatch(sent);
      }
    }
    await keepBatches(folder, metrics as unknown as TableDefinition, batches());
    assert.equal(seen.slice(0, 8), [2, 4, 4, 8, 8, 8, 8, 16]);
    assert.equal(await partsIn(join(folder, "tables/metrics/train")), ["part-00000.parquet"]);
    const [kept] = await listTables(folder);
    const epochs = (await loadRows(metrics, kept)).map((row) => row.epoch);
    assert.equal(
      epochs,
      Array.from({ length: 80 }, (_, row) => Math.floor(row / 2)),
    );
  });
});

test("a part is complete with the batch that brings it to rowsPerPart rows", async () => {
  await inFolder(async (folder) => {
    const batches = Array.from({ length: 64 }, (_, epoch) => metricsBatch(epoch, 3));
    await keepBatches(folder, metrics as unknown as TableDefinition, batches, { rowsPerPart: 10, arrow: [] });
    const [kept] = await listTables(folder);
    const rows = await Promise.all(kept.files.map((file) => countRows({ ...kept, files: [file] })));
    assert.equal(rows, Array(16).fill(12));
  });
});

test("large batches end a part before its rows do, so that a part is never held whole in memory", async () => {
  await inFolder(async (folder) => {
    const length = 5 * 1024 * 1024;
    const large = (epoch: number) =>
      basis.batch(
        {
          stage: "train",
          jacobian_step: epoch,
          epoch,
          split: "train",
          index: Int32Array.of(1),
          left: { values: new Float32Array(length), offsets: Int32Array.of(0, length) },
          ids: { values: new Int32Array(), offsets: Int32Array.of(0, 0) },
          singular_value: [1],
          next_singular_value: [0],
          energy_share: [1],
        },
        1,
      );
    const batches = [large(0), large(1), large(2)];
    const options = { rowsPerPart: 65_536, arrow: ["basis"] };
    await keepBatches(folder, basis as unknown as TableDefinition, batches, options);
    assert.equal(await partsIn(join(folder, "tables/basis/train")), ["part-00000.arrow", "part-00001.arrow"]);
  });
});

test("a port that never sent a batch leaves a readable table with no rows where its columns are known", async () => {
  await inFolder(async (folder) => {
    const lines: LogLine[] = [];
    const names = ["metrics", "spectrum", "basis", "projection", "angles", "examples"] as const;
    await parquet.run(
      { tables: names.map((name) => inputOf("train", name, [])) },
      {},
      sinkContext(folder, { ...allParquet, rowsPerPart: 10, arrow: ["basis"] }, { lines }),
    );
    assert.equal(
      (await listTables(folder)).map(({ table, format }) => `${table} ${format}`),
      ["angles parquet", "basis arrow", "metrics parquet", "projection parquet", "spectrum parquet"],
    );
    const found = await byDuckDB(folder, "projection");
    assert.equal(Object.keys(found), Object.keys(projection.columns));
    assert.equal(found.rank, []);
    const file = (await filesUnder(folder)).get("tables/basis/train/part-00000.arrow")!;
    assert.equal(
      decodeArrow(file).schema.fields.map((field) => field.name),
      Object.keys(basis.columns),
    );
    assert.is(lines.length, 1);
    assert.match(lines[0].message, "train sent no examples");
    assert.not.ok((await readdir(join(folder, "tables/examples"))).includes("train"));
  });
});

test("a cancelled run completes what was received and invents no empty tables", async () => {
  await inFolder(async (folder) => {
    const abort = new AbortController();
    async function* batches() {
      for (let epoch = 0; epoch < 3; epoch++) yield metricsBatch(epoch);
      abort.abort();
    }
    async function* noneUntilTheEnd() {
      await new Promise((resolve) => abort.signal.addEventListener("abort", resolve));
      yield* [] as RecordBatch[];
    }
    await parquet.run(
      { tables: [inputOf("train", "metrics", batches()), inputOf("svd", "spectrum", noneUntilTheEnd())] },
      {},
      sinkContext(folder, allParquet, { stopping: abort.signal }),
    );
    const tables = await listTables(folder);
    assert.is(tables.length, 1);
    assert.is(await countRows(tables[0]), 6);
  });
});

test("a stream that fails leaves what it had sent, and its error comes out", async () => {
  await inFolder(async (folder) => {
    const failure = new Error("the network diverged");
    async function* batches() {
      for (let epoch = 0; epoch < 3; epoch++) yield metricsBatch(epoch);
      throw failure;
    }
    assert.is(
      await rejection(keepBatches(folder, metrics as unknown as TableDefinition, batches())),
      failure,
    );
    assert.is(await countRows((await listTables(folder))[0]), 6);
  });
});

/** Writes go to the device that is always full: the real system error. */
const fullDisk: FileSystem = { ...diskFiles, open: () => open("/dev/full", "w") };

test("a full disk is DISK_FULL naming the file, and nothing half-written is left", async () => {
  for (const arrow of [[], ["metrics"]]) {
    await inFolder(async (folder) => {
      const error = await rejection(
        keepBatches(
          folder,
          metrics as unknown as TableDefinition,
          [metricsBatch(0)],
          { rowsPerPart: 9, arrow },
          fullDisk,
        ),
      );
      assert.instance(error, JacoflowError);
      assert.is((error as JacoflowError).code, "DISK_FULL");
      assert.match((error as JacoflowError).message, "tables/metrics/train/part-00000");
      assert.is((await filesUnder(folder)).size, 0);
    });
  }
});

test("when the disk fills in the middle, the parts before stay whole and the temporary goes", async () => {
  await inFolder(async (folder) => {
    let opened = 0;
    const filling: FileSystem = {
      ...diskFiles,
      open: async (path) => {
        opened += 1;
        const file = await diskFiles.open(path);
        if (opened < 9) return file;
        const full = await open("/dev/full", "w");
        return {
          write: full.write.bind(full),
          sync: full.sync.bind(full),
          close: async () => {
            await file.close();
            await full.close();
          },
        } as typeof file;
      },
    };
    const never = new Promise<void>(() => undefined);
    async function* waiting() {
      yield metricsBatch(0);
      await never;
    }
    const work = parquetSink(filling).run(
      {
        tables: [
          inputOf(
            "train",
            "metrics",
            Array.from({ length: 9 }, (_, epoch) => metricsBatch(epoch)),
          ),
          inputOf("slow", "metrics", waiting()),
        ],
      },
      {},
      sinkContext(folder, allParquet),
    );
    assert.is(((await rejection(work)) as JacoflowError).code, "DISK_FULL");
    const paths = [...(await filesUnder(folder)).keys()];
    const parts = paths.filter((path) => path.includes("part-"));
    assert.equal(parts.map(dirname), ["tables/metrics/slow", "tables/metrics/train"]);
    for (const kept of await listTables(folder)) assert.ok((await countRows(kept)) > 0);
    assert.not.ok(paths.some((path) => path.endsWith(".tmp")));
  });
});

test("a folder that cannot be written is WRITE_FAILED naming it", async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, "tables"), "a file where a folder has to be");
    const error = await rejection(
      keepBatches(folder, metrics as unknown as TableDefinition, [metricsBatch(0)]),
    );
    assert.is((error as JacoflowError).code, "WRITE_FAILED");
    assert.match((error as JacoflowError).message, join(folder, "tables", "metrics", "train"));
  });
});

test("a second writer of a table is refused before it writes", async () => {
  await inFolder(async (folder) => {
    await keepBatches(folder, metrics as unknown as TableDefinition, [metricsBatch(0)]);
    const before = await filesUnder(folder);
    const second = { ...sinkContext(folder, allParquet), stage: "second" };
    const input = inputOf("train", "metrics", [metricsBatch(1)]);
    const error = await rejection(parquetSink(diskFiles).run({ tables: [input] }, {}, second));
    assert.is((error as JacoflowError).code, "TABLE_HAS_WRITER");
    const twice = await rejection(
      parquetSink(diskFiles).run({ tables: [input, input] }, {}, sinkContext(folder, allParquet)),
    );
    assert.is((twice as JacoflowError).code, "TABLE_HAS_WRITER");
    assert.equal(await filesUnder(folder), before);
  });
});

test("keeping long lists never holds the event loop for long", async () => {
  const rows = 40_000;
  const table = examplesTable([64]);
  const batch = table.batch(
    {
      id: Int32Array.from({ length: rows }, (_, row) => row),
      split: "train",
      features: Float32Array.from({ length: rows * 64 }, (_, at) => Math.sin(at)),
      label: 0,
      clean_label: 0,
    } as unknown as Parameters<typeof table.batch>[0],
    rows,
  );
  await inFolder(async (folder) => {
    let trial = 0;
    const keep = () => {
      trial += 1;
      return keepBatches(join(folder, String(trial)), table as unknown as TableDefinition, [batch]);
    };
    await assertStaysFree(50, keep, { outliers: 5 });
    assert.equal((await byDuckDB(join(folder, String(trial)), "examples")).id.length, rows);
  });
});

test("a column without a Parquet type is UNSUPPORTED_COLUMN that names it", async () => {
  await inFolder(async (folder) => {
    const { Field, Float16, makeData, Schema, Struct } = await import("apache-arrow");
    const schema = new Schema([new Field("half", new Float16(), false)]);
    const child = makeData({ type: new Float16(), length: 1, data: new Uint16Array(1) });
    const batch = new RecordBatch(
      schema,
      makeData({ type: new Struct(schema.fields), length: 1, nullCount: 0, children: [child] as never }),
    );
    const error = await rejection(keepBatches(folder, metrics as unknown as TableDefinition, [batch]));
    assert.is((error as JacoflowError).code, "UNSUPPORTED_COLUMN");
    assert.match((error as JacoflowError).message, "half");
    assert.is((await filesUnder(folder)).size, 0);
  });
});

test.run();
