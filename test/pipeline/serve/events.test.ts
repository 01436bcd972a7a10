import { appendFileSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readNumbers, writeNumbers } from "../../../pipeline/serve/numbers.js";
import type { EdgeNow, RunHead } from "../../../pipeline/serve/protocol.js";
import { tellReader } from "../../../pipeline/serve/readers.js";
import { placeOf, placeText, RunRows, rowsKept } from "../../../pipeline/serve/rows.js";
import type { WatchedRun } from "../../../pipeline/serve/watchedRun.js";
import type { MetricRow } from "../../../stages/sinks/report/tables.js";
import { ask, changesIn, serving, writeRun } from "../../support/serving.js";
import { inTime, until } from "../../support/waiting.js";

const law = suite("what a reader of events is told");

const row = (step: number): MetricRow => ({
  ...{ stage: "train", step, epoch: step, split: "train", name: "loss", value: 1 / step },
});
const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => row(from + at));
const stepsOf = (changes: ReturnType<typeof changesIn>) =>
  changes.flatMap(({ change }) =>
    ((change.tables as { metrics?: MetricRow[] }).metrics ?? []).map(({ step }) => step),
  );
const log = (folder: string, message: string) =>
  appendFileSync(join(folder, "log.ndjson"), `${JSON.stringify({ time: "t", level: "info", message })}\n`);

law("a run that is over is told whole, then its end, and the connection is given back", () =>
  serving({}, async (server, runs) => {
    writeRun(join(runs, "one"));
    log(join(runs, "one"), "hello");
    const { body, headers } = await ask(server, "/runs/one/events");
    assert.match(headers["content-type"] as string, "text/event-stream");
    const [{ change }] = changesIn(body);
    assert.is(change.reset, true);
    assert.is((change.head as RunHead).name, "small");
    assert.equal(
      (change.log as { message: string }[]).map(({ message }) => message),
      ["hello"],
    );
    assert.match(body, /event: end\ndata: \{\}\n\n$/);
  }),
);

law("a reader that comes back with the id of its last event is told only what came since", () =>
  serving({}, async (server, runs) => {
    const one = join(runs, "one");
    writeRun(one);
    for (let line = 0; line < 5; line += 1) log(one, `line ${line}`);
    const [first] = changesIn((await ask(server, "/runs/one/events")).body);
    log(one, "line 5");
    const headers = { "last-event-id": first.id };
    let second = first;
    await until("the new line is told", async () => {
      [second] = changesIn((await ask(server, "/runs/one/events", { headers })).body);
      return (second?.change.log as unknown[] | undefined)?.length !== 0;
    });
    assert.is(second.change.reset, false);
    assert.equal(
      (second.change.log as { message: string }[]).map(({ message }) => message),
      ["line 5"],
    );
    for (const id of ["", "nonsense", `${first.id}:1`, first.id.replace(/:\d+$/, ":-1")]) {
      const [anew] = changesIn(
        (await ask(server, "/runs/one/events", { headers: { "last-event-id": id } })).body,
      );
      assert.is(anew.change.reset, true, id);
      assert.is((anew.change.log as unknown[]).length, 6);
    }
  }),
);

law("edges of a run that is over show what its log says of them", () =>
  serving({}, async (server, runs) => {
    const wire = {
      ...{
        from: { stage: "train", port: "metrics" },
        to: { stage: "report", port: "tables" },
        table: "metrics",
      },
      ...{ delivery: "stream", policy: "block", capacity: 8 },
    };
    writeRun(join(runs, "one"), { wires: [wire] });
    const facts = { ...wire, depth: 0, maximumDepth: 3, sent: 40, waits: 2, drops: 0 };
    writeFileSync(
      join(runs, "one/log.ndjson"),
      `${JSON.stringify({ level: "debug", message: "edge", facts })}\nnot JSON\n`,
    );
    const [{ change }] = changesIn((await ask(server, "/runs/one/events")).body);
    const [edge] = change.edges as EdgeNow[];
    assert.equal([edge.maximumDepth, edge.sent, edge.waits], [3, 40, 2]);
  }),
);

/** A run that goes on, whose rows a test adds. */
function goingRun(): WatchedRun & { over: boolean } {
  const head: RunHead = {
    ...{ id: "a", name: "a", state: "running", seed: 1, started: "", seconds: null, error: null },
    ...{ engine: "", file: {}, classes: null, unreadable: [], stages: [] },
  };
  return {
    over: false,
    get head(): RunHead {
      return { ...head, state: this.over ? "done" : "running" };
    },
    stages: [],
    edges: [],
    rows: new RunRows(),
    refresh: () => Promise.resolve(),
  };
}

law(
  "a reader that does not read holds up nothing: one event waits for it, and then it is told all the rest",
  async () => {
    const run = goingRun();
    const closing = new AbortController();
    let waiting = 0;
    const server = createServer((_asked, response) => {
      void tellReader(run, undefined, response, closing.signal);
      const watch = setInterval(() => {
        waiting = Math.max(waiting, response.writableLength);
      }, 5);
      response.once("close", () => clearInterval(watch));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    let body = "";
    await new Promise<void>((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, agent: false }, async (response) => {
        response.setEncoding("utf8");
        response.pause();
        for (let batch = 0; batch < 30; batch += 1) {
          run.rows.append("metrics", rows(1000 * batch, 1000 * (batch + 1)));
          await setTimeout(20);
        }
        run.over = true;
        response.on("data", (text: string) => {
          body += text;
        });
        response.on("end", resolve);
        response.resume();
      });
      asked.on("error", reject);
      asked.end();
    });
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const changes = changesIn(body);
    assert.equal(
      stepsOf(changes),
      rows(0, 30_000).map(({ step }) => step),
    );
    const largest = Math.max(...changes.map(({ change }) => JSON.stringify(change).length));
    assert.ok(waiting <= 2 * largest, `${waiting} bytes waited, events have at most ${largest}`);
  },
);

law("a reader that takes nothing for long is sent away, and its place is free", async () => {
  const run = goingRun();
  // More than a system may keep for a reader between the two ends.
  const long = "loss".repeat(250);
  run.rows.append(
    "metrics",
    rows(0, rowsKept).map((row) => ({ ...row, name: long })),
  );
  let told: Promise<void> | undefined;
  const server = createServer((_asked, response) => {
    told = tellReader(run, undefined, response, new AbortController().signal, 300);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const asleep = connect(port, "127.0.0.1", () => asleep.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  asleep.pause().on("error", () => undefined);
  try {
    await until("it is told something", () => told !== undefined);
    await inTime(told!, () => "the end of what is told to a reader that reads nothing");
  } finally {
    asleep.destroy();
    server.close();
  }
});

law("rows are told once and in order, whatever they are asked for in", () => {
  const run = new RunRows();
  let place: ReturnType<RunRows["since"]>["place"] | undefined;
  const told: number[] = [];
  for (let at = 0; at < 7; at += 1) {
    run.append("metrics", rows(1000 * at, 1000 * (at + 1)));
    const next = run.since(place);
    told.push(...(next.tables.metrics ?? []).map(({ step }) => step));
    place = placeOf(placeText(next.place));
  }
  while (run.since(place).more) {
    const next = run.since(place);
    told.push(...(next.tables.metrics ?? []).map(({ step }) => step));
    place = next.place;
  }
  assert.equal(
    told.concat((run.since(place).tables.metrics ?? []).map(({ step }) => step)),
    rows(0, 7000).map(({ step }) => step),
  );
});

law(
  "memory of rows is bounded: every other step is forgotten, the last one never, and readers begin anew",
  () => {
    const run = new RunRows();
    let { place } = run.since(undefined);
    let begunAnew = 0;
    for (let at = 0; at < 40; at += 1) {
      run.append("metrics", rows(5000 * at, 5000 * (at + 1)));
      assert.ok(run.count("metrics") <= rowsKept);
      let told = run.since(place);
      if (told.reset) begunAnew += 1;
      while (told.more) told = run.since(told.place);
      assert.is(told.tables.metrics?.at(-1)?.step, 5000 * (at + 1) - 1);
      place = told.place;
    }
    assert.ok(begunAnew >= 5, `${begunAnew} times`);
  },
);

law("what comes in one piece is bounded too, and long rows count for several", () => {
  const run = new RunRows();
  run.append("metrics", rows(0, 10 * rowsKept));
  assert.ok(run.count("metrics") <= rowsKept, `${run.count("metrics")} rows of one piece`);
  const long = (step: number) => ({
    ...{ stage: "project", step, epoch: step, split: "train" as const, jacobian_step: 0, target: "residual" },
    ...{ norm: 1, energies: Array.from({ length: 1000 }, (_, at) => 1 / (3 + at)) },
  });
  run.append(
    "directions",
    Array.from({ length: 2000 }, (_, step) => long(step)),
  );
  for (let told = run.since(undefined), more = true; more; told = run.since(told.place)) {
    const size = JSON.stringify(told.tables).length;
    assert.ok(size < 2 ** 20, `${size} characters at a time`);
    more = told.more;
  }
  const of = run.since(undefined);
  run.append("directions", [long(2000)]);
  let last = run.since(of.place);
  while (last.more) last = run.since(last.place);
  assert.is(last.tables.directions?.at(-1)?.step, 2000);
  assert.ok(run.count("directions") * 1000 < 1_000_000, `${run.count("directions")} long rows`);
});

law("numbers that JSON has no word for arrive as they were", () => {
  const value = {
    a: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1.5],
    b: "NaN",
    c: null,
  };
  assert.equal(readNumbers(writeNumbers(value)), value);
});

law.run();
