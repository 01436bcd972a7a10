import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { metrics } from "../../../schemas/tables/metrics.js";
import { Parts } from "../../../stages/sinks/parts.js";
import { pause } from "../../support/pipelines.js";
import { until } from "../../support/waiting.js";

const test = suite("stages/sinks/parts");

const batch = (epoch: number) =>
  metrics.batch({ stage: "train", step: epoch, epoch, split: "train", name: "loss", value: [epoch] }, 1);

/** Parts whose files are lists of row counts; every write takes a while. */
function slowParts(rowsPerPart: number, secondsPerPart?: number) {
  const files = new Map<string, number>();
  let writing = 0;
  let atOnce = 0;
  const parts = new Parts({
    ...{ folder: "t", rowsPerPart, secondsPerPart, ending: "parquet" },
    writePart: async (path, _schema, batches) => {
      writing += 1;
      atOnce = Math.max(atOnce, writing);
      await new Promise((resolve) => setTimeout(resolve, 2));
      files.set(
        path,
        batches.reduce((rows, one) => rows + one.numRows, 0),
      );
      writing -= 1;
    },
  });
  return { parts, files, atOnce: () => atOnce };
}

test("a finish that comes while a batch is being written waits for it: no file has two writers", async () => {
  const { parts, files, atOnce } = slowParts(100);
  const appended = [parts.append(batch(0)), parts.append(batch(1)), parts.append(batch(2))];
  await parts.finish();
  await Promise.all(appended);
  assert.is(atOnce(), 1);
  assert.equal([...files], [["t/part-00000.parquet", 3]]);
});

test("a part also ends by the clock, when its seconds are over and not while nothing came", async () => {
  const { parts, files } = slowParts(100, 0.5);
  for (const epoch of [0, 1, 2]) await parts.append(batch(epoch));
  assert.equal([...files], [["t/part-00000.parquet", 2]]);
  await until("the clock ends the part", () => files.get("t/part-00000.parquet") === 3);
  // Longer than a part takes, in which nothing comes.
  await pause(700);
  await parts.append(batch(3));
  await parts.finish();
  assert.equal(
    [...files],
    [
      ["t/part-00000.parquet", 3],
      ["t/part-00001.parquet", 1],
    ],
  );
});

test("what fails when the clock ends a part is thrown at the next batch or the end", async () => {
  for (const next of ["append", "finish"] as const) {
    let writes = 0;
    const parts = new Parts({
      ...{ folder: "t", rowsPerPart: 100, secondsPerPart: 0.3, ending: "parquet" },
      writePart: async () => {
        writes += 1;
        if (writes === 3) throw new Error("full");
      },
    });
    for (const epoch of [0, 1, 2]) await parts.append(batch(epoch));
    await until("the clock ends the part", () => writes === 3);
    const failure = await (next === "append" ? parts.append(batch(3)) : parts.finish()).catch(
      (error: unknown) => error,
    );
    assert.is((failure as Error).message, "full");
    assert.is(writes, 3);
  }
});

test("after a finish, and after a failure, nothing more is written", async () => {
  const { parts, files } = slowParts(100);
  await parts.append(batch(0));
  await parts.finish();
  await parts.append(batch(1));
  await parts.finish();
  assert.equal([...files.values()], [1]);

  let writes = 0;
  const failing = new Parts({
    ...{ folder: "t", rowsPerPart: 1, ending: "parquet" },
    writePart: async () => {
      writes += 1;
      throw new Error("full");
    },
  });
  const first = failing.append(batch(0));
  const second = failing.append(batch(1));
  const failure: unknown = await first.catch((error: unknown) => error);
  assert.is((failure as Error).message, "full");
  await second;
  await failing.finish();
  assert.is(writes, 1);
});

test("rows that come fast are written once a second at most until their part is complete, and none is left out", async () => {
  const written: number[] = [];
  const parts = new Parts({
    ...{ folder: "t", rowsPerPart: 1e6, ending: "parquet" },
    writePart: async (_path, _schema, batches) => {
      written.push(batches.reduce((rows, one) => rows + one.numRows, 0));
    },
  });
  const start = performance.now();
  for (let epoch = 0; epoch < 5000; epoch += 1) await parts.append(batch(epoch));
  const seconds = (performance.now() - start) / 1000;
  assert.equal(written.slice(0, 11), [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);
  assert.ok(written.length <= 12 + seconds, `${written.length} writes in ${seconds} s`);
  // Nothing more comes, and yet what came is written.
  await until("half of all rows are written", () => written[written.length - 1] >= 2500);
  await parts.finish();
  assert.is(written[written.length - 1], 5000);
});

test("batches of a row are held and written as few, with every row in its order", async () => {
  let file: readonly RecordBatch[] = [];
  const parts = new Parts({
    ...{ folder: "t", rowsPerPart: 3000, ending: "arrow" },
    writePart: async (_path, _schema, batches) => {
      file = batches;
    },
  });
  for (let epoch = 0; epoch < 3000; epoch += 1) await parts.append(batch(epoch));
  await parts.finish();
  assert.ok(file.length <= 12, `${file.length} batches`);
  assert.equal(
    file.flatMap((one) => Array.from(metrics.read(one).epoch)),
    Array.from({ length: 3000 }, (_, epoch) => epoch),
  );
});

test.run();
