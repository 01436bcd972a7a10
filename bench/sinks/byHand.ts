import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import {
  type RecordBatch,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  type RecordBatchWriter,
} from "apache-arrow";
import { parquetWriteBuffer } from "hyparquet-writer";
import parquetjs from "parquetjs-lite";
import { eventRecord, firstRecord } from "../../plugins/tensorboard/src/event.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { type Job, type Keep, rowsPerFile } from "./job.js";
import { freePort, listenTo, trackingServer } from "./other.js";

const columns = ["stage", "step", "epoch", "split", "name", "value"] as const;
type Row = Readonly<Record<(typeof columns)[number], unknown>>;

/** The rows of a batch as objects, as most programs have them. */
function rowsOf(batch: RecordBatch): Row[] {
  const { length, stage, step, epoch, split, name, value } = metrics.read(batch);
  return Array.from({ length }, (_, row) => ({
    ...{ stage: stage[row], step: step[row], epoch: epoch[row] },
    ...{ split: split[row], name: name[row], value: value[row] },
  }));
}

async function write(to: Writable, bytes: string | Uint8Array): Promise<void> {
  if (!to.write(bytes)) await once(to, "drain");
}

/** As our sinks leave their files: on the disk when they are done. */
async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  await file.sync();
  await file.close();
}

async function end(to: WriteStream): Promise<void> {
  to.end();
  await finished(to);
  await sync(String(to.path));
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w");
  await file.writeFile(bytes);
  await file.sync();
  await file.close();
}

/** Columns of plain values gathered until they are a file. */
async function parquet({ folder, batches }: Job): Promise<void> {
  let data: unknown[][] = columns.map(() => []);
  let files = 0;
  const flush = async () => {
    if (data[0].length === 0) return;
    const bytes = parquetWriteBuffer({
      columnData: columns.map((name, index) => ({ name, data: data[index] })),
    });
    await writeWhole(join(folder, `part-${files++}.parquet`), new Uint8Array(bytes));
    data = columns.map(() => []);
  };
  for (const batch of batches) {
    const read = metrics.read(batch);
    for (let row = 0; row < read.length; row += 1) {
      for (const [index, name] of columns.entries()) data[index].push(read[name][row]);
    }
    if (data[0].length >= rowsPerFile) await flush();
  }
  await flush();
}

async function parquetjsLite({ folder, batches }: Job): Promise<void> {
  const field = (type: string) => ({ type, compression: "SNAPPY", statistics: false as const });
  const schema = new parquetjs.ParquetSchema({
    ...{ stage: field("UTF8"), step: field("INT64"), epoch: field("DOUBLE") },
    ...{ split: field("UTF8"), name: field("UTF8"), value: field("DOUBLE") },
  });
  type Writer = { appendRow(row: Row): Promise<void>; close(): Promise<void> };
  const { ParquetWriter } = parquetjs as unknown as {
    ParquetWriter: { openFile(schema: unknown, path: string): Promise<Writer> };
  };
  let writer: Writer | undefined;
  let rows = 0;
  let files = 0;
  for (const batch of batches) {
    for (const row of rowsOf(batch)) {
      writer ??= await ParquetWriter.openFile(schema, join(folder, `part-${files++}.parquet`));
      await writer.appendRow({ ...row, step: Number(row.step) });
      rows += 1;
      if (rows % rowsPerFile !== 0) continue;
      await writer.close();
      writer = undefined;
    }
  }
  await writer?.close();
}

async function arrowFile({ folder, batches }: Job): Promise<void> {
  let writer = new RecordBatchFileWriter();
  let rows = 0;
  let files = 0;
  const flush = async () => {
    writer.finish();
    await writeWhole(join(folder, `part-${files++}.arrow`), await writer.toUint8Array());
    writer = new RecordBatchFileWriter();
    rows = 0;
  };
  for (const batch of batches) {
    writer.write(batch);
    rows += batch.numRows;
    if (rows >= rowsPerFile) await flush();
  }
  if (rows > 0) await flush();
}

/** Batches through Arrow's own writer into a stream that says when it is full. */
async function pipeArrow(batches: Iterable<RecordBatch>, to: Writable): Promise<void> {
  const writer: RecordBatchWriter = new RecordBatchStreamWriter();
  writer.toNodeStream().pipe(to);
  for (const batch of batches) {
    writer.write(batch);
    if (to.writableNeedDrain) await once(to, "drain");
    else await new Promise((resolve) => setImmediate(resolve));
  }
  writer.finish();
  await finished(to);
}

const arrowStream: Keep = async ({ folder, batches }) => {
  const path = join(folder, "rows.arrows");
  await pipeArrow(batches, createWriteStream(path));
  await sync(path);
};

const arrowHttp: Keep = async ({ batches }) => {
  const port = await freePort();
  const listener = listenTo(`http://127.0.0.1:${port}/`);
  const server = createServer((_, response) => void pipeArrow(batches, response));
  server.listen(port, "127.0.0.1");
  await listener.ended;
  server.close();
};

const ndjson: Keep = async ({ folder, batches }) => {
  const file = createWriteStream(join(folder, "rows.ndjson"));
  for (const batch of batches) {
    const lines = rowsOf(batch).map((row) => `${JSON.stringify({ ...row, step: Number(row.step) })}\n`);
    await write(file, lines.join(""));
  }
  await end(file);
};

const console: Keep = async ({ folder, batches }) => {
  const file = createWriteStream(join(folder, "console.txt"));
  for (const batch of batches) {
    const lines = rowsOf(batch).map(
      ({ stage, step, split, name, value }) => `${stage} ${step} ${split} ${name} ${value}\n`,
    );
    await write(file, lines.join(""));
  }
  await end(file);
};

const duckdb: Keep = async ({ folder, batches }) => {
  const instance = await DuckDBInstance.create(join(folder, "run.duckdb"), { threads: "1" });
  const connection = await instance.connect();
  await connection.run(
    "create table metrics (stage varchar, step bigint, epoch double, split varchar, name varchar, value double)",
  );
  const appender = await connection.createAppender("metrics");
  for (const batch of batches) {
    const { length, stage, step, epoch, split, name, value } = metrics.read(batch);
    for (let row = 0; row < length; row += 1) {
      appender.appendVarchar(stage[row]);
      appender.appendBigInt(step[row]);
      appender.appendDouble(epoch[row]);
      appender.appendVarchar(split[row]);
      appender.appendVarchar(name[row]);
      appender.appendDouble(value[row]);
      appender.endRow();
    }
  }
  appender.closeSync();
  connection.closeSync();
  instance.closeSync();
};

/** There is no library: the records of one file, as our own functions write them. */
const tensorboard: Keep = async ({ folder, batches }) => {
  const files = new Map(
    ["train", "test"].map((split) => [
      split,
      createWriteStream(join(folder, `${split}.events.out.tfevents`)),
    ]),
  );
  for (const file of files.values()) await write(file, firstRecord(0));
  for (const batch of batches) {
    const { length, step, split, name, value } = metrics.read(batch);
    for (let row = 0; row < length; row += 1) {
      const record = eventRecord(Number(step[row]), step[row], [{ tag: name[row], scalar: value[row] }]);
      await write(files.get(split[row])!, record);
    }
  }
  for (const file of files.values()) await end(file);
};

/** There is no library: requests of a thousand numbers, one after the other. */
const mlflow: Keep = async ({ batches }) => {
  const server = await trackingServer();
  let numbers: unknown[] = [];
  const send = async () => {
    const response = await fetch(`${server.url}/api/2.0/mlflow/runs/log-batch`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ run_id: "run-1", metrics: numbers }),
    });
    await response.text();
    numbers = [];
  };
  for (const batch of batches) {
    const now = Date.now();
    for (const { stage, step, split, name, value } of rowsOf(batch)) {
      numbers.push({ key: `${stage}/${name}/${split}`, value, step: Number(step), timestamp: now });
      if (numbers.length === 1000) await send();
    }
  }
  if (numbers.length > 0) await send();
  server.close();
};

/** What one would write instead of a sink of ours, with the same library; files are on the disk when it is done, as ours. */
export const byHand: Readonly<Record<string, Keep>> = {
  nothing: async ({ batches }) => {
    for (const _ of batches);
  },
  parquet,
  "parquetjs-lite": parquetjsLite,
  "arrow file": arrowFile,
  "arrow stream": arrowStream,
  "arrow http": arrowHttp,
  ndjson,
  console,
  duckdb,
  tensorboard,
  mlflow,
};
