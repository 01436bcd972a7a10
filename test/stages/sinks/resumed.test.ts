import { cp, mkdir, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tidyRunFolder } from "../../../pipeline/run/folder.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { decodeArrow } from "../../../schemas/ipc.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { arrow } from "../../../stages/sinks/arrow.js";
import { ndjson, ndjsonSink } from "../../../stages/sinks/ndjson.js";
import { countRows, listTables, loadRows } from "../../../stages/sinks/parquet/read.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { rowsOf } from "../../../stages/sinks/rows.js";
import { damages, flip } from "../../support/damages.js";
import { filesUnder, inFolder, inputOf, type LogLine, sinkContext } from "../../support/sinks.js";

const test = suite("sinks of a resumed run");

const rowsIn = (step: number) => 1 + ((step * 7) % 4);
const batch = (step: number, stage = "train") =>
  metrics.batch(
    {
      ...{ stage, step, epoch: step / 2, split: "train", name: "loss" },
      value: Array.from({ length: rowsIn(step) }, (_, row) => step + row / 10),
    },
    rowsIn(step),
  );
const count = 12;
const sent = Array.from({ length: count }, (_, step) => step);

/** What `run` is given and leaves; `killed` gets a copy of the folder as a kill before batch `at` leaves it. */
type Sink = (
  folder: string,
  batches: (stage: string) => AsyncIterable<RecordBatch>,
  lines?: LogLine[],
  stopping?: AbortSignal,
) => Promise<void>;

const parquetOptions = {
  rowsPerPart: 7,
  compression: "snappy",
  arrow: [],
  secondsPerPart: undefined,
} as const;
const one = (batches: (stage: string) => AsyncIterable<RecordBatch>) => [
  inputOf("train", "metrics", batches("train")),
];
const several = (batches: (stage: string) => AsyncIterable<RecordBatch>) =>
  ["train", "other"].map((stage) => inputOf(stage, "metrics", batches(stage)));
const given = (lines?: LogLine[], stopping?: AbortSignal) => ({
  ...(lines === undefined ? {} : { lines }),
  ...(stopping === undefined ? {} : { stopping }),
});

const toParquet: Sink = (folder, batches, lines, stopping) =>
  parquet.run(
    { tables: one(batches) },
    {},
    sinkContext(folder, parquetOptions as never, given(lines, stopping)),
  );
const toArrow: Sink = (folder, batches, lines, stopping) =>
  arrow.run(
    { tables: one(batches) },
    {},
    sinkContext(folder, { rowsPerPart: 7 } as never, given(lines, stopping)),
  );
const toStream: Sink = (folder, batches, lines, stopping) =>
  arrow.run(
    { tables: one(batches) },
    {},
    sinkContext(folder, { rowsPerPart: 7, stream: "live.arrows" } as never, given(lines, stopping)),
  );
const toLines: Sink = (folder, batches, lines, stopping) =>
  ndjson.run(
    { tables: one(batches) },
    {},
    sinkContext(folder, { file: "rows.ndjson" }, given(lines, stopping)),
  );

const kept = async (folder: string) => {
  const files = await filesUnder(folder);
  return new Map([...files].filter(([path]) => !path.startsWith("checkpoints/")));
};

async function* all(stage: string, before: (step: number) => Promise<void> = async () => undefined) {
  for (const step of sent) {
    await before(step);
    yield batch(step, stage);
  }
}

function assertSame(
  found: ReadonlyMap<string, Buffer>,
  wanted: ReadonlyMap<string, Buffer>,
  where: string,
): void {
  assert.equal([...found.keys()], [...wanted.keys()], where);
  for (const [path, bytes] of wanted) assert.ok(found.get(path)!.equals(bytes), `${path}, ${where}`);
}

for (const [name, sink] of Object.entries({ toParquet, toArrow, toStream, toLines })) {
  test(`${name}: killed before any batch and resumed, every file ends in the bytes of a run that went through`, async () => {
    await inFolder(async (whole) => {
      await inFolder(async (copies) => {
        const copied = new Set<number>();
        await sink(whole, (stage) =>
          all(stage, async (step) => {
            if (copied.has(step)) return;
            copied.add(step);
            await cp(whole, join(copies, String(step)), { recursive: true });
          }),
        );
        const wanted = await kept(whole);
        assert.ok(wanted.size > 0);
        for (const step of sent) {
          const folder = join(copies, String(step));
          await tidyRunFolder(folder);
          const before = await rowCount(folder);
          const twice = `${folder}-twice`;
          await sink(folder, (stage) =>
            all(stage, async (at) => {
              if (at === 5 && stage === "train") await cp(folder, twice, { recursive: true });
              // At no moment are fewer rows there than a kill had left.
              if (at % 3 === 0) assert.ok((await rowCount(folder)) >= before);
            }),
          );
          assertSame(await kept(folder), wanted, `killed before ${step}`);
          await tidyRunFolder(twice);
          await sink(twice, all);
          assertSame(await kept(twice), wanted, `killed before ${step} and again`);
        }
      });
    });
  });

  test(`${name}: stopped early, then resumed and stopped earlier, no row is lost; then it ends in the same bytes`, async () => {
    await inFolder(async (whole) => {
      await sink(whole, all);
      await inFolder(async (folder) => {
        const until = (last: number) => {
          const stopping = new AbortController();
          stopping.abort();
          const some = async function* (stage: string) {
            for (const step of sent.slice(0, last)) yield batch(step, stage);
          };
          return sink(folder, some, undefined, stopping.signal);
        };
        await until(8);
        const before = await rowCount(folder);
        await until(4);
        assert.is(await rowCount(folder), before);
        await sink(folder, all);
        assertSame(await kept(folder), await kept(whole), "in the end");
      });
    });
  });
}

async function rowCount(folder: string): Promise<number> {
  let rows = 0;
  for (const each of await listTables(folder)) rows += await countRows(each);
  for (const [path, bytes] of await filesUnder(folder)) {
    if (path === "rows.ndjson") rows += bytes.toString().split("\n").length - 1;
    if (path.endsWith(".arrows") && bytes.length > 0)
      for (const { numRows } of decodeArrow(bytes).batches) rows += numRows;
  }
  return rows;
}

for (const [form, sink] of Object.entries({ toParquet, toArrow })) {
  for (const [how, damage] of Object.entries(damages)) {
    test(`${form}: a part with ${how} is named by whoever reads it, and by a resumed run, which writes it again`, async () => {
      await inFolder(async (folder) => {
        await sink(folder, all);
        const wanted = await kept(folder);
        const parts = [...wanted.keys()].filter((path) => path.includes("/train/part-"));
        assert.ok(parts.length > 3);
        for (const path of [parts[0], parts[parts.length - 1]]) {
          const file = join(folder, path);
          await damage(file, wanted.get(path)!.length);
          const found = (await listTables(folder)).find(({ stage }) => stage === "train")!;
          assert.is(found.files.length, parts.length, "one that is not there is missed");
          for (const read of [countRows, (each: typeof found) => loadRows(metrics, each)]) {
            const error = (await Promise.resolve(read(found)).catch((reason) => reason)) as JacoflowError;
            assert.is(error.code, "DAMAGED_PART");
            assert.is(error.place, file);
          }
          const lines: LogLine[] = [];
          await sink(folder, all, lines);
          assert.ok(
            lines.some(({ level, message }) => level === "warning" && message.startsWith(`${file} `)),
          );
          assertSame(await kept(folder), wanted, `${path}: ${how}`);
        }
      });
    });
  }
}

test("checksums that are not what was written are named, and written again with the parts they were of", async () => {
  await inFolder(async (folder) => {
    await toParquet(folder, all);
    const wanted = await kept(folder);
    const file = join(folder, "tables/metrics/train/_checksums.json");
    const text = await readFile(file, "utf8");
    for (const other of [text.replace('"rows": 7', '"rows": 8'), text.slice(0, -9), ""]) {
      assert.is.not(other, text);
      await writeFile(file, other);
      const error = (await listTables(folder).catch((reason) => reason)) as JacoflowError;
      assert.is(error.code, "DAMAGED_PART");
      assert.is(error.place, file);
      const lines: LogLine[] = [];
      await toParquet(folder, all, lines);
      assert.match(lines[0].message, file);
      assertSame(await kept(folder), wanted, other);
    }
  });
});

for (const [name, sink, path] of [
  ["toStream", toStream, "live.arrows"],
  ["toLines", toLines, "rows.ndjson"],
] as const) {
  test(`${name}: a file that lost bytes or changed since, and a ledger that did, end in the same rows each once`, async () => {
    await inFolder(async (folder) => {
      await sink(folder, all);
      const wanted = await kept(folder);
      const { length } = wanted.get(path)!;
      for (const file of [join(folder, path), join(folder, "checkpoints/sink/written.ndjson")]) {
        for (const share of [0, 0.1, 0.5, 0.99]) {
          const size = (await readFile(file)).length;
          await flip(file, Math.floor(share * size));
          await sink(folder, all);
          assertSame(await kept(folder), wanted, `flipped at ${share} of ${file}`);
          await truncate(file, Math.floor(share * size));
          await sink(folder, all);
          assertSame(await kept(folder), wanted, `cut at ${share} of ${file}`);
        }
      }
      assert.ok(length > 0);
    });
  });
}

test("lines of several stages are each there once, whatever their order when the run is resumed", async () => {
  const run = (folder: string, batches: (stage: string) => AsyncIterable<RecordBatch>) =>
    ndjson.run({ tables: several(batches) }, {}, sinkContext(folder, { file: "rows.ndjson" }));
  await inFolder(async (folder) => {
    const some = (last: number) =>
      async function* (stage: string) {
        for (const step of sent.slice(0, stage === "train" ? last : 3)) yield batch(step, stage);
      };
    await run(folder, some(7));
    await run(folder, all);
    const lines = (await readFile(join(folder, "rows.ndjson"), "utf8")).trim().split("\n");
    const wanted = ["train", "other"].flatMap((stage) =>
      sent.flatMap((step) =>
        rowsOf(metrics, batch(step, stage)).map(({ value }) => `${stage} ${step} ${value}`),
      ),
    );
    const found = lines
      .map((line) => JSON.parse(line))
      .map(({ stage, step, value }) => `${stage} ${step} ${value}`);
    assert.equal(found.sort(), wanted.sort());
  });
});

test("stdout is told every row again by a resumed run, whatever the run before has told", async () => {
  await inFolder(async (folder) => {
    const told: string[][] = [];
    const run = (batches: (stage: string) => AsyncIterable<RecordBatch>) => {
      const pieces: string[] = [];
      told.push(pieces);
      const output = {
        write: async (text: string | Uint8Array) => void pieces.push(String(text)),
        close: async () => undefined,
      };
      return ndjsonSink(() => output).run({ tables: one(batches) }, {}, sinkContext(folder, { file: "-" }));
    };
    await run(async function* () {
      yield batch(0);
    });
    await run(all);
    const steps = told[1]
      .join("")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).step);
    assert.equal(
      steps,
      sent.flatMap((step) => Array.from({ length: rowsIn(step) }, () => step)),
    );
  });
});

test("a file of another sink is refused, also when the run is resumed", async () => {
  await inFolder(async (folder) => {
    await toLines(folder, all);
    const second = {
      ...sinkContext(folder, { file: "rows.ndjson" }),
      ...{ stage: "second", checkpointFolder: join(folder, "checkpoints/second") },
    };
    const error = await ndjson.run({ tables: one(all) }, {}, second).catch((reason: JacoflowError) => reason);
    assert.is(error?.code, "FILE_HAS_WRITER");
    assert.not.ok((await readdir(join(folder, "checkpoints"))).includes("second"));
  });
});

test("one killed before its file was there, or before a row was in it, goes on with it", async () => {
  for (const file of [undefined, ""]) {
    await inFolder(async (folder) => {
      const { checkpointFolder } = sinkContext(folder, {});
      await mkdir(checkpointFolder, { recursive: true });
      await writeFile(join(checkpointFolder, "written.ndjson"), "");
      if (file !== undefined) await writeFile(join(folder, "rows.ndjson"), file);
      await toLines(folder, all);
      const lines = (await readFile(join(folder, "rows.ndjson"), "utf8")).trim().split("\n");
      assert.is(
        lines.length,
        sent.reduce((sum, step) => sum + rowsIn(step), 0),
      );
    });
  }
});

test("a resumed run that sends other batches is refused before it writes them", async () => {
  await inFolder(async (folder) => {
    await toLines(folder, all);
    const other = async function* () {
      yield batch(2);
    };
    const error = await toLines(folder, other).catch((reason: JacoflowError) => reason);
    assert.is((error as JacoflowError).code, "REPLAY_DIFFERS");
  });
});

test("parts that the clock ended end there again", async () => {
  await inFolder(async (folder) => {
    const clocked = sinkContext(folder, {
      ...parquetOptions,
      rowsPerPart: 100,
      secondsPerPart: 0.05,
    } as never);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 90));
    const slowly = async function* (stage: string) {
      for (const step of sent) {
        if (step === 4 || step === 9) await pause();
        yield batch(step, stage);
      }
    };
    await parquet.run({ tables: one(slowly) }, {}, clocked);
    const before = await kept(folder);
    assert.ok([...before.keys()].filter((path) => path.includes("part-")).length >= 3);
    await parquet.run({ tables: one(all) }, {}, clocked);
    assertSame(await kept(folder), before, "in the end");
  });
});

test.run();
