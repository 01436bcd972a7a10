import { readFile } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { type RecordBatch, RecordBatchReader } from "apache-arrow";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TableName } from "../../../pipeline/stage.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { ArrowStream, decodeArrow, joinChunks } from "../../../schemas/ipc.js";
import type { TableDefinition } from "../../../schemas/table.js";
import { examplesTable, predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { parametersTable } from "../../../schemas/tables/parameters.js";
import { basis } from "../../../schemas/tables/spectrum.js";
import { Channel } from "../../../stages/sinks/arrow/channel.js";
import { arrow, arrowSink } from "../../../stages/sinks/arrow.js";
import { rowsOf } from "../../../stages/sinks/rows.js";
import { assertStaysFree } from "../../support/eventLoop.js";
import { collectGarbage } from "../../support/garbage.js";
import { batchOf, randomColumns } from "../../support/randomTables.js";
import { filesUnder, inFolder, inputOf, type LogLine, sinkContext } from "../../support/sinks.js";
import { until } from "../../support/waiting.js";

const test = suite("sink/arrow");

const tables = [
  examplesTable([2, 2, 1]),
  parametersTable({ input: [2], layers: [] }),
  predictionsTable(3),
  metrics,
  basis,
] as unknown as readonly TableDefinition[];

const options = { rowsPerPart: 65_536 };

for (const table of tables) {
  test(`a stream of ${table.name} made batch by batch is read back row for row, and each piece by itself when it comes`, () => {
    fc.assert(
      fc.property(fc.array(randomColumns(table, 7), { minLength: 1, maxLength: 4 }), (parts) => {
        const batches = parts.map(({ columns, rows }) => batchOf(table, columns, rows));
        const stream = new ArrowStream(table.schema);
        const begun = stream.begin();
        assert.equal(
          RecordBatchReader.from(begun)
            .open()
            .schema.fields.map(({ name }) => name),
          Object.keys(table.columns),
        );
        const pieces: Uint8Array[] = [begun];
        for (const [at, batch] of batches.entries()) {
          pieces.push(stream.encode(batch));
          const { batches: read } = decodeArrow(joinChunks(pieces));
          assert.is(read.length, at + 1);
        }
        pieces.push(stream.finish());
        const { batches: read, schema } = decodeArrow(joinChunks(pieces));
        assert.equal(schema.metadata, table.schema.metadata);
        assert.equal(
          read.flatMap((batch) => rowsOf(table, batch)),
          batches.flatMap((batch) => rowsOf(table, batch)),
        );
      }),
      { numRuns: 15 },
    );
  });
}

test("two columns over one typed array are both right in a stream", () => {
  const label = Int32Array.from([2, 0, 1]);
  const table = examplesTable([1]);
  const batch = table.batch(
    { id: [0, 1, 2], split: "train", features: Float32Array.of(0, 1, 2), label, clean_label: label },
    3,
  );
  const stream = new ArrowStream(table.schema);
  const bytes = joinChunks([stream.begin(), stream.encode(batch), stream.finish()]);
  const [row] = decodeArrow(bytes).batches.map((read) => table.read(read));
  assert.equal([...row.label], [2, 0, 1]);
  assert.equal([...row.clean_label], [2, 0, 1]);
});

const batch = (step: number, stage = "train", rows = 2): RecordBatch =>
  metrics.batch(
    { stage, step, epoch: step, split: "test", name: "loss", value: Array(rows).fill(step) },
    rows,
  );

/** A target that keeps what is written, slowly. */
function slowOutput() {
  const pieces: Uint8Array[] = [];
  const target = {
    write: async (bytes: string | Uint8Array) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      pieces.push(bytes as Uint8Array);
    },
    close: async () => undefined,
  };
  return { pieces, target };
}

test("stdout gets one stream of a table that several stages send, each in its order", async () => {
  const { pieces, target } = slowOutput();
  const inputs = ["one", "two"].map((stage) =>
    inputOf(
      stage,
      "metrics",
      [0, 1, 2].map((step) => batch(step, stage)),
    ),
  );
  await arrowSink(() => target).run(
    { tables: inputs },
    {},
    sinkContext("/nowhere", { ...options, stream: "-" }),
  );
  const rows = decodeArrow(joinChunks(pieces)).batches.flatMap((read) => rowsOf(metrics, read));
  assert.is(rows.length, 12);
  for (const stage of ["one", "two"]) {
    assert.equal(
      rows.filter((row) => row.stage === stage).map(({ step }) => step),
      [0, 0, 1, 1, 2, 2],
    );
  }
});

test("a table of which nothing came is a stream without batches; a file of the run folder is one too", async () => {
  await inFolder(async (folder) => {
    const context = sinkContext(folder, { ...options, stream: "live.arrows" });
    await arrow.run({ tables: [inputOf("train", "metrics", [])] }, {}, context);
    const { schema, batches } = decodeArrow(await readFile(join(folder, "live.arrows")));
    assert.is(schema.metadata.get("jacoflow.table"), "metrics");
    assert.is(
      batches.reduce((rows, { numRows }) => rows + numRows, 0),
      0,
    );
  });
});

test("a stream of two tables, and two targets, are refused before anything runs", () => {
  const code = (act: () => unknown) => {
    try {
      act();
      return "nothing";
    } catch (error) {
      return (error as JacoflowError).code;
    }
  };
  const offer = (table: TableName) => ({ origin: { stage: "train", port: table, table } });
  const plan = (names: readonly TableName[]) =>
    arrow.plan!({ ...options, stream: "-" }, {
      place: "stages.out",
      offers: { tables: names.map(offer) },
    } as never);
  assert.is(
    code(() => plan(["metrics", "predictions"])),
    "SEVERAL_TABLES",
  );
  assert.is(
    code(() => plan(["metrics", "metrics"])),
    "nothing",
  );
  const both = { options: { ...options, stream: "-", http: 0 }, place: "stages.out" };
  assert.is(
    code(() => arrow.checkOptions!(both)),
    "TWO_TARGETS",
  );
});

test("by default tables are Arrow files in the run folder", async () => {
  await inFolder(async (folder) => {
    await arrow.run(
      { tables: [inputOf("train", "metrics", [batch(0), batch(1)])] },
      {},
      sinkContext(folder, options),
    );
    const files = await filesUnder(folder);
    assert.equal(
      [...files.keys()],
      ["_schema.json", "train/_checksums.json", "train/part-00000.arrow"].map(
        (name) => `tables/metrics/${name}`,
      ),
    );
    const rows = decodeArrow(files.get("tables/metrics/train/part-00000.arrow")!).batches.flatMap((read) =>
      rowsOf(metrics, read),
    );
    assert.equal(
      rows.map(({ step }) => step),
      [0, 0, 1, 1],
    );
  });
});

/** A run whose batches are sent by hand, served over HTTP. */
async function served<A>(
  use: (run: {
    readonly url: string;
    readonly send: (batch: RecordBatch) => Promise<void>;
    readonly end: () => Promise<void>;
    readonly lines: readonly LogLine[];
  }) => Promise<A>,
): Promise<A> {
  const lines: LogLine[] = [];
  const waiting: { batch: RecordBatch | undefined; done: () => void }[] = [];
  let wake: () => void = () => undefined;
  async function* batches() {
    for (;;) {
      while (waiting.length === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const { batch: next, done } = waiting[0];
      if (next === undefined) return done();
      yield next;
      waiting.shift();
      done();
    }
  }
  const put = (next: RecordBatch | undefined) =>
    new Promise<void>((resolve) => {
      waiting.push({ batch: next, done: resolve });
      wake();
    });
  const input = inputOf("train", "metrics", batches());
  const ran = arrow.run({ tables: [input] }, {}, sinkContext("/nowhere", { ...options, http: 0 }, { lines }));
  await until("the sink says its address", () => lines.length > 0);
  const url = /http:\S+/.exec(lines[0].message)![0];
  const result = await use({
    url,
    send: (next) => put(next),
    end: async () => {
      await put(undefined);
      await ran;
    },
    lines,
  });
  return result;
}

const ask = (url: string, headers: Readonly<Record<string, string>> = {}) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on("error", reject);
  });

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const stepsOf = (bytes: Buffer) =>
  decodeArrow(Uint8Array.from(bytes)).batches.flatMap((read) =>
    rowsOf(metrics, read).map(({ step }) => step),
  );

test("listeners of HTTP get the whole stream in chunks, who comes late and who comes before the first batch alike", async () => {
  await served(async ({ url, send, end }) => {
    const early = await ask(`${url}metrics/train`);
    assert.is(early.headers["transfer-encoding"], "chunked");
    const earlyBytes = bytesOf(early);
    for (const step of [0, 1, 2]) await send(batch(step));
    const late = await ask(`${url}metrics/train`);
    assert.is(late.headers["jacoflow-missed-batches"], "0");
    const lateBytes = bytesOf(late);
    await send(batch(3));
    await end();
    assert.equal(stepsOf(await earlyBytes), [0, 0, 1, 1, 2, 2, 3, 3]);
    assert.equal(stepsOf(await lateBytes), [0, 0, 1, 1, 2, 2, 3, 3]);
  });
});

test("who comes when more has passed than is kept is told how many batches are missing, and reads the rest", async () => {
  await served(async ({ url, send, end }) => {
    const rows = 100_000;
    const size = batch(0, "train", rows).data.byteLength;
    const count = Math.ceil((12 * 1024 * 1024) / size);
    for (let step = 0; step < count; step++) await send(batch(step, "train", rows));
    const late = await ask(`${url}metrics/train`);
    const missed = Number(late.headers["jacoflow-missed-batches"]);
    assert.ok(missed > 0 && missed < count, `${missed} of ${count}`);
    const bytes = bytesOf(late);
    await end();
    const steps = stepsOf(await bytes);
    assert.is(steps[0], missed);
    assert.is(steps.length, (count - missed) * rows);
  });
});

test("a listener that does not read is let go, and neither the run nor other listeners wait for it", async () => {
  await served(async ({ url, send, end, lines }) => {
    const stuck = await ask(`${url}metrics/train`);
    stuck.pause();
    const cut = new Promise<boolean>((resolve) => {
      stuck.on("error", () => undefined).on("close", () => resolve(!stuck.complete));
    });
    const rows = 200_000;
    const size = batch(0, "train", rows).data.byteLength;
    const count = Math.ceil((40 * 1024 * 1024) / size);
    for (let step = 0; step < count; step++) await send(batch(step, "train", rows));
    assert.ok(
      lines.some(({ level, message }) => level === "warning" && /let go/.test(message)),
      JSON.stringify(lines),
    );
    const bytes = bytesOf(await ask(`${url}metrics/train`));
    await end();
    assert.is(stepsOf(await bytes).at(-1), count - 1);
    stuck.resume();
    assert.ok(await cut, "the connection ended before the stream did");
  });
});

test("many listeners that are let go at once, with thousands of batches before them, hold nobody up", async () => {
  await assertStaysFree(50, () =>
    served(async ({ url, send, end, lines }) => {
      const stuck = await Promise.all(Array.from({ length: 50 }, () => ask(`${url}metrics/train`)));
      for (const response of stuck) response.on("error", () => undefined).pause();
      const each = batch(0, "train", 100);
      const isLetGo = () => lines.filter(({ message }) => /let go/.test(message)).length === stuck.length;
      for (let sent = 0; sent < 20_000 && !isLetGo(); sent++) await send(each);
      assert.ok(isLetGo());
      await end();
    }),
  );
});

test("a batch larger than what may wait reaches who reads, early or late", async () => {
  await served(async ({ url, send, end, lines }) => {
    const rows = 500_000;
    const large = batch(7, "train", rows);
    assert.ok(large.data.byteLength > 18 * 1024 * 1024);
    const early = bytesOf(await ask(`${url}metrics/train`));
    await send(large);
    const late = bytesOf(await ask(`${url}metrics/train`));
    await end();
    assert.is(stepsOf(await early).length, rows);
    assert.is(stepsOf(await late).length, rows);
    assert.not.ok(lines.some(({ level }) => level === "warning"));
  });
});

test("a batch is encoded once, the first of a table too, which has schema and dictionaries in front", async () => {
  const channel = new Channel(assert.unreachable);
  const large = batch(0, "train", 200_000);
  for (const which of ["first", "second"]) {
    // What is collected meanwhile would hide what is made.
    await collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    channel.send(large);
    const grown = process.memoryUsage().arrayBuffers - before;
    assert.ok(grown < 1.5 * large.data.byteLength, `${grown} bytes more for the ${which}`);
  }
});

test("what waits for many listeners that do not read waits in memory once", async () => {
  await served(async ({ url, send, end }) => {
    const stuck = await Promise.all(Array.from({ length: 20 }, () => ask(`${url}metrics/train`)));
    for (const response of stuck) response.on("error", () => undefined).pause();
    const each = batch(0, "train", 100_000);
    const megabytes = 12;
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < megabytes * 1024 * 1024; sent += each.data.byteLength) await send(each);
    const grown = process.memoryUsage().arrayBuffers - before;
    for (const response of stuck) response.destroy();
    await end();
    assert.ok(grown < 5 * megabytes * 1024 * 1024, `${grown} bytes more`);
  });
});

test("a listener that dies midway costs nobody anything: no warning, no wait, and others read to the end", async () => {
  await served(async ({ url, send, end, lines }) => {
    const before = lines.length;
    const dying = await ask(`${url}metrics/train`);
    const other = bytesOf(await ask(`${url}metrics/train`));
    dying.on("error", () => undefined);
    dying.once("data", () => dying.destroy());
    for (let step = 0; step < 50; step++) await send(batch(step, "train", 1000));
    await end();
    assert.is(stepsOf(await other).length, 50_000);
    assert.is(lines.length, before);
  });
});

test("the endpoint lists its tables, and refuses names of other machines, pages from elsewhere and other methods", async () => {
  await served(async ({ url, end }) => {
    assert.equal(JSON.parse(String(await bytesOf(await ask(url)))), [
      { table: "metrics", stage: "train", path: "/metrics/train" },
    ]);
    const status = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
      const response = await ask(`${url}${path}`, headers);
      response.resume();
      return response.statusCode;
    };
    assert.is(await status("metrics/elsewhere"), 404);
    assert.is(await status("", { host: "example.org" }), 421);
    assert.is(await status("", { "sec-fetch-site": "cross-site" }), 403);
    assert.is((await fetch(url, { method: "POST" })).status, 405);
    await end();
  });
});

test("a port that is taken is CANNOT_SERVE", async () => {
  await served(async ({ url, end }) => {
    const http = Number(new URL(url).port);
    const error = await arrow
      .run({ tables: [inputOf("train", "metrics", [])] }, {}, sinkContext("/nowhere", { ...options, http }))
      .catch((failure: unknown) => failure);
    assert.is((error as JacoflowError).code, "CANNOT_SERVE");
    await end();
  });
});

test.run();
