import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { RecordBatch } from "apache-arrow";
import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defineStage, output, type Stage } from "../../../pipeline/stage.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { arrow } from "../../../stages/sinks/arrow.js";
import { consoleSink } from "../../../stages/sinks/console.js";
import { diskFiles, type FileSystem } from "../../../stages/sinks/files.js";
import { gatheredWrites } from "../../../stages/sinks/gathered.js";
import { ndjson, ndjsonSink } from "../../../stages/sinks/ndjson.js";
import { countRows, listTables } from "../../../stages/sinks/parquet/read.js";
import { parquetSink } from "../../../stages/sinks/parquet.js";
import { standardOutput } from "../../../stages/sinks/target.js";
import { pause, type RanPipeline, run, stageMap } from "../../support/pipelines.js";
import { until } from "../../support/waiting.js";

const test = suite("sinks under stress");

const count = 400;
const rows = 50;
const batchOf = (step: number): RecordBatch =>
  metrics.batch(
    {
      stage: "train",
      step,
      epoch: step,
      split: "train",
      name: "loss",
      value: new Float64Array(rows).fill(step),
    },
    rows,
  );

/** A training that is never busy: whatever makes it late is its readers. */
function training() {
  let sent = 0;
  let ended: () => void = () => undefined;
  const end = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const stage = defineStage({
    name: "test/training",
    summary: "Sends batches as fast as they are taken.",
    options: Type.Object({}),
    inputs: {},
    outputs: { metrics: output("metrics", "numbers") },
    run: async (_inputs, { metrics: port }) => {
      for (let step = 0; step < count; step += 1) {
        await port.send(batchOf(step));
        sent += 1;
      }
      ended();
    },
  });
  return { stage, end, sent: () => sent };
}

/** stdout whose reader has not begun to read. */
function stalled() {
  const output = new PassThrough({ highWaterMark: 1024 });
  let text = "";
  const read = () => {
    output.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  };
  return { output, open: () => standardOutput(output), read, text: () => text };
}

async function keptRows({ runFolder }: RanPipeline): Promise<number> {
  const [kept] = await listTables(runFolder);
  return countRows(kept);
}

// biome-ignore lint/suspicious/noExplicitAny: a stage's own types do not matter to the runtime
const stagesOf = (...stages: readonly Stage<any, any, any>[]) => stageMap(...stages, parquetSink(diskFiles));

const pipeline = (look: string) => `
name: stress
stages:
  train: { uses: test/training }
  look: ${look}
  keep: { uses: sink/parquet, from: train }
`;

const lines = '{ uses: sink/ndjson, from: train, with: { file: "-" } }';

test("a reader of stdout that stalls makes training wait on a block edge, and gets every row", async () => {
  const { stage, sent } = training();
  const { open, output, read, text } = stalled();
  const done = run(pipeline(lines), stagesOf(stage, ndjsonSink(open)), async (ran) => {
    assert.is(ran.outcome.outcome, "done");
    assert.is(await keptRows(ran), count * rows);
  });
  let waiting = 0;
  await until("training waits for the reader", async () => {
    const before = sent();
    await pause(200);
    waiting = sent();
    return waiting > 0 && waiting === before;
  });
  assert.ok(waiting < 12, `${waiting} batches went by a reader that read none`);
  assert.ok(output.writableLength < 20_000, `${output.writableLength} bytes wait in memory`);
  read();
  await done;
  const steps = text()
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { step: number }).step);
  assert.equal(
    steps,
    Array.from({ length: count * rows }, (_, row) => Math.floor(row / rows)),
  );
});

test("on a latest or drop-oldest edge it slows nothing: training ends, tables are whole, the newest is printed", async () => {
  for (const policy of ["latest", "drop-oldest"]) {
    const { stage, end } = training();
    const { open, read, text } = stalled();
    const look = `{ uses: sink/console, from: [{ port: train.metrics, policy: ${policy} }] }`;
    const done = run(pipeline(look), stagesOf(stage, consoleSink(open)), async (ran) => {
      assert.is(ran.outcome.outcome, "done");
      assert.is(await keptRows(ran), count * rows);
      const edge = ran.outcome.edges.find(({ to }) => to.stage === "look")!;
      assert.is(edge.sent, count);
      assert.ok(edge.maximumDepth <= 8, `${edge.maximumDepth} batches on the edge`);
      assert.is(edge.drops + edge.delivered, count);
    });
    await end;
    assert.is(text(), "");
    read();
    await done;
    assert.match(text().trimEnd().split("\n").at(-1)!, `(step ${count - 1})`);
  }
});

test("a reader of stdout that goes away midway ends the run by name, with all that was sent in files", async () => {
  const { stage, sent } = training();
  const { open, output, read } = stalled();
  read();
  output.once("data", () => output.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })));
  await run(pipeline(lines), stagesOf(stage, ndjsonSink(open)), async (ran) => {
    assert.is(ran.outcome.outcome, "failed");
    assert.is(ran.outcome.error?.code, "OUTPUT_CLOSED");
    const kept = await keptRows(ran);
    assert.ok(sent() < count);
    assert.ok(kept >= sent() * rows, `${kept} of ${sent() * rows} rows`);
  });
});

test("a slow disk is waited for: every row gets there, and no more than the edge holds waits for it", async () => {
  const slow: FileSystem = {
    ...diskFiles,
    open: async (path) => {
      const file = await diskFiles.open(path);
      return Object.assign(Object.create(file) as typeof file, {
        write: async (...given: Parameters<typeof file.write>) => {
          await pause(15);
          return file.write(...given);
        },
        sync: () => file.sync(),
        close: () => file.close(),
      });
    },
  };
  const { stage } = training();
  const text = `
name: stress
stages:
  train: { uses: test/training }
  keep: { uses: sink/parquet, from: train, with: { rowsPerPart: 2000 } }
`;
  await run(text, stageMap(stage, parquetSink(slow)), async (ran) => {
    assert.is(ran.outcome.outcome, "done");
    assert.is(await keptRows(ran), count * rows);
    assert.ok(ran.outcome.edges[0].maximumDepth <= 8);
    assert.ok(ran.outcome.edges[0].waits > 0);
  });
});

test("a file that is removed or replaced while it grows ends the run by name", async () => {
  for (const look of [
    "{ uses: sink/ndjson, from: train, with: { file: rows } }",
    "{ uses: sink/arrow, from: train, with: { stream: rows } }",
  ]) {
    for (const replaced of [false, true]) {
      const stage = defineStage({
        ...training().stage,
        run: async (_inputs, { metrics: port }, { runFolder }) => {
          const path = join(runFolder, "rows");
          for (let step = 0; step < count; step += 1) {
            if (step === count / 2) {
              await until("the file is there", () => existsSync(path));
              await rm(path);
              if (replaced) await writeFile(path, "");
            }
            await port.send(batchOf(step));
          }
        },
      });
      await run(pipeline(look), stagesOf(stage, ndjson, arrow), async (ran) => {
        assert.is(ran.outcome.outcome, "failed");
        assert.is(ran.outcome.error?.code, "WRITE_FAILED");
        assert.match(ran.outcome.error?.message ?? "", /rows: it was removed or replaced/);
      });
    }
  }
});

test("gathered writes keep every byte in order, hold a bound while the file is slow, and end with the first failure", async () => {
  const pieces: Buffer[] = [];
  let atOnce = 0;
  const slow = gatheredWrites(async (bytes) => {
    atOnce += 1;
    assert.is(atOnce, 1);
    await pause(1);
    pieces.push(Buffer.from(bytes));
    atOnce -= 1;
  });
  const line = (at: number) => `${String(at).padStart(999, "0")}\n`;
  for (let at = 0; at < 2000; at += 1) await slow.write(line(at));
  await slow.settled();
  assert.is(Buffer.concat(pieces).toString(), Array.from({ length: 2000 }, (_, at) => line(at)).join(""));
  assert.ok(pieces.length < 100, `${pieces.length} writes`);
  assert.ok(Math.max(...pieces.map(({ length }) => length)) <= 270_000);

  const failing = gatheredWrites(async () => {
    throw new Error("no space");
  });
  await failing.write("a");
  for (const use of [failing.settled, () => failing.write("b"), failing.settled]) {
    assert.match(await use().then(() => "nothing", String), "no space");
  }
});

test.run();
