import { access, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import Type from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import type { RunEvent } from "../../../pipeline/run/progress.js";
import { runPipeline } from "../../../pipeline/run/run.js";
import {
  defineStage,
  foldBatches,
  mapBatches,
  output,
  produceBatches,
  stream,
  whole,
} from "../../../pipeline/stage.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { basis } from "../../../schemas/tables/spectrum.js";
import { assertStaysFree } from "../../support/eventLoop.js";
import {
  anything,
  load,
  metricsStream,
  numberBatch,
  numberOf,
  pause,
  run,
  stageMap,
  withFolder,
} from "../../support/pipelines.js";

const test = suite("pipeline/run");

const nothing = Type.Object({});
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

function basisBatch(step: number): RecordBatch {
  return basis.batch(
    {
      stage: "jacobian",
      jacobian_step: step,
      epoch: step,
      split: "train",
      index: 1,
      left: { values: Float32Array.from([1]), offsets: Int32Array.from([0, 1]) },
      ids: { values: Int32Array.from([0]), offsets: Int32Array.from([0, 1]) },
      singular_value: 1,
      next_singular_value: 0,
      energy_share: 1,
    },
    1,
  );
}

/** Sends `count` numbered metrics batches. */
const producer = defineStage({
  name: "test/producer",
  summary: "numbers",
  options: Type.Object({ count: Type.Integer({ default: 3 }) }),
  inputs: {},
  outputs: { metrics: output("metrics", "numbers") },
  run: async (_, outputs, { options }) => {
    for (const number of upTo(options.count)) await outputs.metrics.send(numberBatch(number));
  },
});

/** A sink that keeps the numbers it gets, and says when it ended well. */
function collector() {
  const kept = { numbers: [] as number[], flushed: false, early: false, cause: undefined as unknown };
  const stage = defineStage({
    name: "sink/collect",
    summary: "keeps",
    options: nothing,
    inputs: { tables: anything },
    outputs: {},
    run: async ({ tables }, _, context) => {
      await Promise.all(
        tables.map((table) =>
          table.forEach((batch) => {
            kept.numbers.push(numberOf(batch));
          }),
        ),
      );
      kept.flushed = true;
      const { stopping } = context.run;
      kept.early = stopping.aborted;
      kept.cause = (stopping.reason as Error | undefined)?.cause;
      assert.not(context.signal.aborted, "a sink has time to flush");
    },
  });
  return { kept, stage };
}

for (const [policy, capacity] of [
  ["block", 8],
  ["block", 1],
  ["drop-oldest", 8],
  ["latest", 8],
] as const) {
  test(`10,000 batches to a slow reader: never more than ${capacity} alive under ${policy}`, async () => {
    let sent = 0;
    let handled = 0;
    let most = 0;
    let last = -1;
    const fast = defineStage({
      ...producer,
      name: "test/fast",
      run: async (_, outputs) => {
        for (const number of upTo(10_000)) {
          sent += 1;
          if (policy === "block") most = Math.max(most, sent - handled);
          await outputs.metrics.send(numberBatch(number));
        }
      },
    });
    const slow = defineStage({
      name: "test/slow",
      summary: "waits a turn of the event loop for every batch",
      options: nothing,
      inputs: { metrics: metricsStream },
      outputs: {},
      run: ({ metrics: numbers }) =>
        numbers.forEach(async (batch) => {
          await new Promise((resolve) => setImmediate(resolve));
          if (policy === "block") assert.is(numberOf(batch), last + 1);
          last = numberOf(batch);
          handled += 1;
        }),
    });
    const text = `
name: slow-reader
stages:
  fast: { uses: test/fast }
  slow: { uses: test/slow, from: [{ port: fast.metrics, capacity: ${capacity}, policy: ${policy} }] }`;
    await run(text, stageMap(fast, slow), ({ outcome }) => {
      assert.is(outcome.error, undefined);
      assert.is(outcome.outcome, "done");
      assert.is(sent, 10_000);
      assert.is(last, 9_999, "the last batch always arrives");
      const [edge] = outcome.edges;
      assert.ok(edge.maximumDepth <= capacity);
      assert.is(edge.delivered + edge.drops, 10_000);
      if (policy === "block") {
        assert.is(handled, 10_000);
        assert.is(most, capacity);
        assert.is(edge.drops, 0);
      } else {
        assert.ok(edge.drops > 0);
      }
    });
  });
}

test("the diamond train → project, train → jacobian → project at capacity 1 finishes", async () => {
  const train = defineStage({
    name: "test/train",
    summary: "predictions and snapshots in turn",
    options: nothing,
    inputs: {},
    outputs: { metrics: output("metrics", "every step"), snapshots: output("spectrum", "some steps") },
    run: async (_, outputs) => {
      for (const step of upTo(40)) await outputs.metrics.send(numberBatch(step));
    },
  });
  const jacobian = defineStage({
    name: "test/jacobian",
    summary: "a basis from every fourth step",
    options: nothing,
    inputs: { metrics: metricsStream },
    outputs: { basis: output("basis", "bases") },
    run: ({ metrics: steps }, outputs) =>
      mapBatches(steps, outputs.basis, async (batch) => {
        await pause(0);
        return numberOf(batch) % 4 === 0 ? basisBatch(numberOf(batch)) : undefined;
      }),
  });
  const seen: number[] = [];
  const project = defineStage({
    name: "test/project",
    summary: "keeps the steps until the last basis is there",
    options: nothing,
    inputs: { metrics: metricsStream, basis: stream("basis", "bases") },
    outputs: {},
    run: async (inputs, _, context) => {
      const store = context.store("steps");
      const [, last] = await Promise.all([
        inputs.metrics.forEach(async (batch) => {
          await store.append(batch);
        }),
        foldBatches(inputs.basis, -1, (_previous, batch) => Number(basis.read(batch).jacobian_step[0])),
      ]);
      assert.is(last, 36);
      for await (const batch of store) seen.push(numberOf(batch));
    },
  });
  const text = `
name: diamond
stages:
  train: { uses: test/train }
  jacobian: { uses: test/jacobian, from: [{ port: train.metrics, capacity: 1 }] }
  project:
    uses: test/project
    from: [{ port: train.metrics, capacity: 1 }, { port: jacobian.basis, capacity: 1 }]`;
  await run(text, stageMap(train, jacobian, project), ({ outcome }) => {
    assert.is(outcome.error, undefined);
    assert.is(outcome.outcome, "done");
    assert.equal(seen, upTo(40));
  });
});

test("whole inputs are gathered once, shared by reference, and complete before the stage starts", async () => {
  const tables: unknown[] = [];
  const reader = defineStage({
    name: "test/whole",
    summary: "reads all at once",
    options: nothing,
    inputs: { metrics: whole("metrics", "all of them") },
    outputs: {},
    run: async (inputs) => {
      assert.equal(inputs.metrics.origin, { stage: "numbers", port: "metrics", table: "metrics" });
      assert.equal([...metrics.read(inputs.metrics.table).value], upTo(50));
      tables.push(inputs.metrics.table);
    },
  });
  const text = `
name: whole
stages:
  numbers: { uses: test/producer, with: { count: 50 } }
  one: { uses: test/whole, from: numbers }
  two: { uses: test/whole, from: numbers }`;
  await run(text, stageMap(producer, reader), ({ outcome }) => {
    assert.is(outcome.error, undefined);
    assert.is(tables.length, 2);
    assert.is(tables[0], tables[1]);
  });
});

test("a stage that waits for a whole table never holds up who makes it, whatever else it reads", async () => {
  const both = defineStage({
    name: "test/both",
    summary: "one sender, two ports",
    options: nothing,
    inputs: {},
    outputs: { metrics: output("metrics", "numbers"), basis: output("basis", "bases") },
    run: async (_, outputs) => {
      for (const number of upTo(100)) {
        await outputs.metrics.send(numberBatch(number));
        await outputs.basis.send(basisBatch(number));
      }
    },
  });
  let numbers = 0;
  const reader = defineStage({
    name: "test/mixed",
    summary: "one whole, one in batches",
    options: nothing,
    inputs: { basis: whole("basis", "all bases"), metrics: metricsStream },
    outputs: {},
    run: async (inputs) => {
      assert.is(inputs.basis.table.numRows, 100);
      await inputs.metrics.forEach((batch) => {
        assert.is(numberOf(batch), numbers);
        numbers += 1;
      });
    },
  });
  const text = `
name: mixed
stages:
  both: { uses: test/both }
  reader: { uses: test/mixed, from: [{ port: both.metrics, capacity: 2 }, both.basis] }`;
  await run(text, stageMap(both, reader), ({ outcome }) => {
    assert.is(outcome.error, undefined);
    assert.is(numbers, 100);
    assert.is(outcome.edges[0].stored, 100);
  });
});

test("a whole input that gets no batch at all is a clear error", async () => {
  const reader = defineStage({
    name: "test/whole",
    summary: "reads all at once",
    options: nothing,
    inputs: { metrics: whole("metrics", "all of them") },
    outputs: {},
    run: async () => undefined,
  });
  const text = `
name: empty
stages:
  numbers: { uses: test/producer, with: { count: 0 } }
  reader: { uses: test/whole, from: numbers }`;
  await run(text, stageMap(producer, reader), ({ outcome }) => {
    assert.is(outcome.error?.code, "NOTHING_GATHERED");
    assert.match(outcome.error!.message, "stage reader");
    assert.match(outcome.error!.message, "numbers.metrics");
  });
});

test("every reader of an output gets every batch, each at its own pace", async () => {
  const first = collector();
  const second = { ...collector().stage, name: "sink/slow" };
  const slow: number[] = [];
  const slowSink = defineStage({
    ...second,
    run: async ({ tables }) => {
      for await (const batch of tables[0]) {
        await pause(0);
        slow.push(numberOf(batch));
      }
    },
  });
  const text = `
name: fan-out
stages:
  numbers: { uses: test/producer, with: { count: 30 } }
  fast: { uses: sink/collect, from: numbers }
  slow: { uses: sink/slow, from: numbers }`;
  await run(text, stageMap(producer, first.stage, slowSink), ({ outcome }) => {
    assert.is(outcome.outcome, "done");
    assert.equal(first.kept.numbers, upTo(30));
    assert.not(first.kept.early);
    assert.equal(slow, upTo(30));
  });
});

test("mistakes that a stage found at once end the run with the code of the first and the words of all", async () => {
  const mistake = (code: string) => new JacoflowError({ code, kind: "invalid", message: `wrong: ${code}` });
  const broken = defineStage({
    ...producer,
    name: "test/broken",
    run: async () => {
      throw new AggregateError([mistake("LABEL_UNKNOWN"), mistake("LABEL_MISSING")]);
    },
  });
  const { stage } = collector();
  const text = `
name: broken
stages:
  broken: { uses: test/broken }
  sink: { uses: sink/collect, from: broken }`;
  await run(text, stageMap(broken, stage), async ({ outcome }) => {
    assert.is(outcome.error?.code, "LABEL_UNKNOWN");
    assert.is(outcome.error?.kind, "invalid");
    assert.is(outcome.error?.message, "stage broken: wrong: LABEL_UNKNOWN\nwrong: LABEL_MISSING");
  });
});

test("the first error ends the run with the stage's name, stops the others and lets sinks flush", async () => {
  const broken = defineStage({
    ...producer,
    name: "test/broken",
    run: async (_, outputs) => {
      await outputs.metrics.send(numberBatch(0));
      await outputs.metrics.send(numberBatch(1));
      throw new Error("the disk of numbers is worn out");
    },
  });
  let stopped: unknown;
  const endless = defineStage({
    ...producer,
    name: "test/endless",
    run: async (_, outputs, { signal }) => {
      try {
        for (let number = 0; ; number += 1) await outputs.metrics.send(numberBatch(number + 1000));
      } catch (error) {
        stopped = error;
        assert.ok(signal.aborted);
        throw error;
      }
    },
  });
  const { kept, stage } = collector();
  const text = `
name: broken
stages:
  broken: { uses: test/broken }
  endless: { uses: test/endless }
  sink: { uses: sink/collect, from: [broken, endless] }`;
  await run(text, stageMap(broken, endless, stage), async ({ outcome, runFolder }) => {
    assert.is(outcome.outcome, "failed");
    assert.is(outcome.error?.code, "STAGE_FAILED");
    assert.is(outcome.error?.message, "stage broken: the disk of numbers is worn out");
    assert.is((stopped as { code: string }).code, "RUN_STOPPED");
    assert.ok(kept.flushed, "the sink ended as after a normal end");
    assert.ok(kept.early, "and could know that more would have come");
    assert.is(kept.cause, outcome.error, "and why it did not");
    assert.equal(
      kept.numbers.filter((number) => number < 1000),
      [0, 1],
    );
    assert.equal(
      outcome.stages.map((timing) => timing.outcome),
      ["failed", "cancelled", "done"],
    );
    const record = JSON.parse(await readFile(join(runFolder, "run.json"), "utf8"));
    assert.is(record.outcome, "failed");
    assert.is(record.error.code, "STAGE_FAILED");
    const log = await readFile(join(runFolder, "log.ndjson"), "utf8");
    assert.match(log, "worn out");
    assert.match(log, "run.test", "the stack of an error that is no JacoflowError is in the log");
  });
});

test("a reader's error stops its producer, whichever way it reads", async () => {
  const endless = defineStage({
    ...producer,
    name: "test/endless",
    run: (_, outputs) =>
      produceBatches(
        outputs.metrics,
        (function* () {
          for (let number = 0; ; number += 1) yield numberBatch(number);
        })(),
      ),
  });
  const fail = (batch: RecordBatch) => {
    if (numberOf(batch) === 5) throw new Error("five is too much");
  };
  const readers = {
    "test/for-each": async (input: Parameters<typeof mapBatches>[0]) => input.forEach(fail),
    "test/subscribe": (input: Parameters<typeof mapBatches>[0]) =>
      new Promise<void>((resolve) => {
        input.subscribe({ next: async (batch) => fail(batch), complete: resolve });
      }),
  };
  for (const [name, read] of Object.entries(readers)) {
    const reader = defineStage({
      name,
      summary: "fails at five",
      options: nothing,
      inputs: { metrics: metricsStream },
      outputs: {},
      run: (inputs) => read(inputs.metrics),
    });
    const text = `
name: reader
stages:
  endless: { uses: test/endless }
  reader: { uses: ${name}, from: endless }`;
    await run(text, stageMap(endless, reader), ({ outcome }) => {
      assert.is(outcome.error?.message, "stage reader: five is too much");
      assert.is(outcome.stages[0].outcome, "cancelled");
    });
  }
});

test("cancelling ends the run clean: stages stopped, sinks flushed, outcome cancelled", async () => {
  const abort = new AbortController();
  const endless = defineStage({
    ...producer,
    name: "test/endless",
    run: async (_, outputs) => {
      for (let number = 0; ; number += 1) {
        await outputs.metrics.send(numberBatch(number));
        if (number === 20) abort.abort();
      }
    },
  });
  const { kept, stage } = collector();
  const text = `
name: cancelled
stages:
  endless: { uses: test/endless }
  sink: { uses: sink/collect, from: endless }`;
  await run(
    text,
    stageMap(endless, stage),
    async ({ outcome, runFolder }) => {
      assert.is(outcome.outcome, "cancelled");
      assert.is(outcome.error, undefined);
      assert.ok(kept.flushed);
      assert.ok(kept.early);
      assert.is(kept.cause, undefined, "nothing failed");
      assert.equal(kept.numbers, upTo(kept.numbers.length));
      assert.ok(kept.numbers.length >= 20, "what was sent is in the sink");
      assert.is(JSON.parse(await readFile(join(runFolder, "run.json"), "utf8")).outcome, "cancelled");
    },
    { signal: abort.signal },
  );
});

test("a run cancelled before it begins runs no stage", async () => {
  const { kept, stage } = collector();
  const text = "name: x\nstages: { a: { uses: test/producer }, b: { uses: sink/collect, from: a } }";
  await run(
    text,
    stageMap(producer, stage),
    ({ outcome }) => {
      assert.is(outcome.outcome, "cancelled");
      assert.equal(kept, { numbers: [], flushed: true, early: true, cause: undefined });
      assert.is(outcome.stages[0].startSeconds, undefined);
    },
    { signal: AbortSignal.abort() },
  );
});

test("a stage that will not stop and a sink that will not end do not keep the run", async () => {
  const abort = new AbortController();
  const deaf = defineStage({
    ...producer,
    name: "test/deaf",
    run: () => {
      setTimeout(() => abort.abort(), 5);
      return new Promise<void>(() => {});
    },
  });
  let sinkStopped = false;
  const stubborn = defineStage({
    name: "sink/stubborn",
    summary: "ends only when told twice",
    options: nothing,
    inputs: { tables: anything },
    outputs: {},
    run: (_, _outputs, { signal }) =>
      new Promise<void>((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          sinkStopped = true;
          reject(signal.reason);
        });
      }),
  });
  const text = "name: x\nstages: { a: { uses: test/deaf }, b: { uses: sink/stubborn, from: a } }";
  await run(
    text,
    stageMap(deaf, stubborn),
    async ({ outcome, runFolder }) => {
      assert.is(outcome.outcome, "cancelled");
      assert.ok(sinkStopped);
      assert.equal(
        outcome.stages.map((timing) => timing.outcome),
        ["cancelled", "cancelled"],
      );
      assert.match(await readFile(join(runFolder, "log.ndjson"), "utf8"), "did not stop in time");
    },
    { signal: abort.signal, patience: { stopSeconds: 0.05, flushSeconds: 0.1 } },
  );
});

test("what a stage throws because it was stopped is no error of the run, what a sink throws is", async () => {
  const closed = (code: string) => Object.assign(new Error(code), { code });
  for (const [broken, outcome] of [
    ["worker", "cancelled"],
    ["sink", "failed"],
  ]) {
    const abort = new AbortController();
    const worker = defineStage({
      ...producer,
      name: "test/worker",
      run: async (_, _outputs, { signal }) => {
        setTimeout(() => abort.abort(), 2);
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throw broken === "worker" ? closed("the engine is closed") : signal.reason;
      },
    });
    const sink = defineStage({
      ...collector().stage,
      run: async ({ tables }) => {
        await tables[0].forEach(() => {});
        if (broken === "sink") throw closed("the disk is gone");
      },
    });
    const text = "name: x\nstages: { a: { uses: test/worker }, b: { uses: sink/collect, from: a } }";
    await run(text, stageMap(worker, sink), (ran) => assert.is(ran.outcome.outcome, outcome), {
      signal: abort.signal,
    });
  }
});

test("an endless chain of stages that never wait still lets timers fire", async () => {
  const endless = defineStage({
    ...producer,
    name: "test/endless",
    run: async (_, outputs) => {
      for (;;) await outputs.metrics.send(numberBatch(0));
    },
  });
  const pass = defineStage({
    name: "test/pass",
    summary: "hands on",
    options: nothing,
    inputs: { metrics: metricsStream },
    outputs: { metrics: output("metrics", "the same") },
    run: (inputs, outputs) => mapBatches(inputs.metrics, outputs.metrics, (batch) => batch),
  });
  const discard = defineStage({
    name: "test/discard",
    summary: "discards",
    options: nothing,
    inputs: { metrics: metricsStream },
    outputs: {},
    run: (inputs) => inputs.metrics.forEach(() => {}),
  });
  const text = `
name: busy
stages:
  endless: { uses: test/endless }
  one: { uses: test/pass, from: endless }
  two: { uses: test/pass, from: one }
  sink: { uses: test/discard, from: two }`;
  await assertStaysFree(100, () => {
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 400);
    return run(
      text,
      stageMap(endless, pass, discard),
      ({ outcome }) => assert.is(outcome.outcome, "cancelled"),
      { signal: abort.signal },
    );
  });
});

test("run.json says running from the start, and what ran at the end", async () => {
  let before: { outcome: string; pipeline: unknown } | undefined;
  const peek = defineStage({
    ...producer,
    name: "test/peek",
    run: async (_, outputs, context) => {
      before = JSON.parse(await readFile(join(context.runFolder, "run.json"), "utf8"));
      await outputs.metrics.send(numberBatch(0));
    },
  });
  const { stage } = collector();
  const text = `
name: record
seed: 7
stages:
  peek: { uses: test/peek }
  sink: { uses: sink/collect, from: peek }`;
  await run(text, stageMap(peek, stage), async ({ runFolder }) => {
    assert.is(before?.outcome, "running");
    const record = JSON.parse(await readFile(join(runFolder, "run.json"), "utf8"));
    assert.is(record.outcome, "done");
    assert.is(record.name, "record");
    assert.is(record.seed, 7);
    assert.equal(record.versions, { jacoflow: "test" });
    assert.equal(record.pipeline.stages.peek, { uses: "test/peek", with: { count: 3 } });
    assert.equal(
      record.stages.map((timing: { stage: string; outcome: string }) => [timing.stage, timing.outcome]),
      [
        ["peek", "done"],
        ["sink", "done"],
      ],
    );
    assert.ok(
      record.stages.every(
        (timing: { startSeconds: number; endSeconds: number }) => timing.endSeconds >= timing.startSeconds,
      ),
    );
    assert.ok(Date.parse(record.ended) >= Date.parse(record.started));
    assert.equal((await readdir(runFolder)).sort(), ["log.ndjson", "run.json"]);
    const lines = (await readFile(join(runFolder, "log.ndjson"), "utf8")).trim().split("\n");
    const entries = lines.map((line) => JSON.parse(line));
    assert.is(entries[0].message, "run started");
    assert.is(entries[entries.length - 1].message, "run done");
    const edge = entries.find((entry) => entry.message === "edge");
    assert.is(edge.facts.delivered, 1);
    assert.is(edge.facts.drops, 0);
  });
});

test("a run folder with something in it is refused and left alone", () =>
  withFolder(async (folder) => {
    const pipeline = await load("name: x\nstages: { a: { uses: test/producer } }", stageMap(producer));
    const request = {
      createEngine: () => Promise.reject(new Error("none")),
      memoryLimit: 1e9,
      versions: {},
      threads: 1,
    };
    await writeFile(join(folder, "mine.txt"), "keep");
    for (const runFolder of [folder, join(folder, "mine.txt")]) {
      const error = await runPipeline(pipeline, { ...request, runFolder }).catch((reason) => reason);
      assert.is(error.code, "RUN_FOLDER_NOT_EMPTY");
      assert.is(error.exitCode, 2);
    }
    assert.equal(await readdir(folder), ["mine.txt"]);
    await mkdir(join(folder, "empty"));
    const outcome = await runPipeline(pipeline, { ...request, runFolder: join(folder, "empty") });
    assert.is(outcome.outcome, "done");
  }));

test("more memory than allowed is refused before anything is written", () =>
  withFolder(async (folder) => {
    const hungry = defineStage({ ...producer, name: "test/hungry", plan: () => ({ memoryBytes: 2e9 }) });
    const pipeline = await load("name: x\nstages: { a: { uses: test/hungry } }", stageMap(hungry));
    const runFolder = join(folder, "run");
    const error = await runPipeline(pipeline, {
      createEngine: () => Promise.reject(new Error("none")),
      memoryLimit: 1e9,
      versions: {},
      threads: 1,
      runFolder,
    }).catch((reason) => reason);
    assert.is(error.code, "MEMORY_LIMIT");
    assert.match(error.message, "stage a");
    assert.is(await access(runFolder).catch((reason) => reason.code), "ENOENT");
  }));

test("the engine is made on first use, once, and closed at the end", async () => {
  const calls: string[] = [];
  const engine = {
    name: "wasm",
    threads: 1,
    versions: { tfjs: "4" },
    close: async () => {
      calls.push("close");
    },
  } as unknown as Engine;
  const user = defineStage({
    ...producer,
    name: "test/user",
    run: async (_, outputs, context) => {
      const [one, two] = await Promise.all([context.engine(), context.engine()]);
      assert.is(one, two);
      calls.push("use");
      await outputs.metrics.send(numberBatch(0));
    },
  });
  const text = "name: x\nstages: { a: { uses: test/user }, b: { uses: test/user } }";
  await run(
    text,
    stageMap(user),
    async ({ runFolder }) => {
      assert.equal(calls, ["create", "use", "use", "close"]);
      const record = JSON.parse(await readFile(join(runFolder, "run.json"), "utf8"));
      assert.equal(record.engine, { wanted: "auto", name: "wasm", threads: 1, versions: { tfjs: "4" } });
    },
    {
      createEngine: async () => {
        calls.push("create");
        return engine;
      },
    },
  );
});

test("an engine that does not start is the error of the stage that asked for it", async () => {
  const user = defineStage({
    ...producer,
    name: "test/user",
    run: async (_, _outputs, context) => {
      await context.engine();
    },
  });
  await run("name: x\nstages: { a: { uses: test/user } }", stageMap(user), ({ outcome }) => {
    assert.is(outcome.error?.message, "stage a: no engine in this test");
  });
});

test("a seed depends on run seed, stage and purpose alone, not on what else is in the file", async () => {
  const seedsOf = async (text: string) => {
    const seeds: string[] = [];
    const seeded = defineStage({
      ...producer,
      name: "test/seeded",
      run: async (_, outputs, context) => {
        if (context.stage === "a") seeds.push(context.seed("noise"), context.seed("batches"));
        await outputs.metrics.send(numberBatch(0));
      },
    });
    const { stage } = collector();
    await run(text, stageMap(seeded, stage), () => undefined);
    return seeds;
  };
  const alone = await seedsOf("name: x\nseed: 3\nstages: { a: { uses: test/seeded } }");
  const more = await seedsOf(`
name: other
seed: 3
stages:
  b: { uses: test/seeded }
  a: { uses: test/seeded }
  sink: { uses: sink/collect, from: [a, b] }`);
  const other = await seedsOf("name: x\nseed: 4\nstages: { a: { uses: test/seeded } }");
  assert.equal(alone, more);
  assert.is.not(alone[0], alone[1]);
  assert.is.not(alone[0], other[0]);
});

test("a batch of another table, or of another schema than the first, is refused by name", async () => {
  const wrong = defineStage({
    ...producer,
    name: "test/wrong",
    run: (_, outputs) => outputs.metrics.send(basisBatch(0)),
  });
  await run("name: x\nstages: { a: { uses: test/wrong } }", stageMap(wrong), ({ outcome }) => {
    assert.is(outcome.error?.code, "WRONG_TABLE");
    assert.match(outcome.error!.message, "stage a: output a.metrics");
  });
});

test("batches made with schemas that are equal travel under one schema object", async () => {
  const { examplesTable } = await import("../../../schemas/tables/examples.js");
  const make = (dimension: number) =>
    examplesTable([dimension]).batch(
      {
        id: [0],
        split: "train",
        features: new Float32Array(dimension),
        label: [0],
        clean_label: [0],
      },
      1,
    );
  const data = (dimensions: readonly number[]) =>
    defineStage({
      name: "test/data",
      summary: "examples",
      options: nothing,
      inputs: {},
      outputs: { examples: output("examples", "examples") },
      run: (_, outputs) => produceBatches(outputs.examples, dimensions.map(make)),
    });
  const schemas = new Set<unknown>();
  const sink = defineStage({
    name: "sink/schemas",
    summary: "looks",
    options: nothing,
    inputs: { tables: anything },
    outputs: {},
    run: async ({ tables }) => {
      await tables[0].forEach((batch) => {
        schemas.add(batch.schema);
      });
    },
  });
  const text = "name: x\nstages: { a: { uses: test/data }, b: { uses: sink/schemas, from: a } }";
  await run(text, stageMap(data([2, 2, 2]), sink), ({ outcome }) => {
    assert.is(outcome.error, undefined);
    assert.is(schemas.size, 1);
  });
  await run(text, stageMap(data([2, 3]), sink), ({ outcome }) => {
    assert.is(outcome.error?.code, "SCHEMA_CHANGED");
    assert.match(outcome.error!.message, "features");
  });
});

test("observers see the run in order, and one that throws harms nobody", async () => {
  const events: RunEvent[] = [];
  const busy = defineStage({
    ...producer,
    name: "test/busy",
    run: async (_, outputs, context) => {
      context.progress(1, 2, "steps");
      context.log("warning", "look here", { value: Number.NaN });
      await outputs.metrics.send(numberBatch(0));
      context.progress(2, 2, "steps");
    },
  });
  await run(
    "name: x\nstages: { a: { uses: test/busy } }",
    stageMap(busy),
    ({ outcome }) => assert.is(outcome.outcome, "done"),
    {
      observers: [
        () => {
          throw new Error("bad observer");
        },
        (event) => events.push(event),
      ],
    },
  );
  const kinds = events.map((event) => event.kind).filter((kind) => kind !== "log");
  assert.equal(kinds, [
    "run-started",
    "stage-started",
    "stage-progress",
    "batch-sent",
    "stage-progress",
    "stage-ended",
    "run-ended",
  ]);
  const said = events.find((event) => event.kind === "log" && event.entry.message === "look here");
  assert.ok(said !== undefined && said.kind === "log" && said.entry.stage === "a");
});

test("a stage that ended gives its readers the end, and what it does not read is no burden", async () => {
  const lazy = defineStage({
    name: "test/lazy",
    summary: "reads two",
    options: nothing,
    inputs: { metrics: metricsStream },
    outputs: {},
    run: async (inputs) => {
      let read = 0;
      for await (const _ of inputs.metrics) {
        read += 1;
        if (read === 2) break;
      }
    },
  });
  const text = `
name: lazy
stages:
  numbers: { uses: test/producer, with: { count: 500 } }
  lazy: { uses: test/lazy, from: numbers }`;
  await run(text, stageMap(producer, lazy), ({ outcome }) => assert.is(outcome.outcome, "done"));
});

test.run();
