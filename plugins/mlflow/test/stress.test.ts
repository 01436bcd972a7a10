import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type JacoflowError, metrics } from "jacoflow";
import { runStage } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Sender } from "../src/sender.js";
import { openServer } from "../src/server.js";
import { mlflow } from "../src/sink.js";
import { Spool } from "../src/spool.js";
import type { SpoolState } from "../src/spoolState.js";
import { inFolder } from "./folder.js";
import { type Request, type StandIn, standIn } from "./server.js";
import { until } from "./until.js";

const law = suite("sink/mlflow under stress");

const rowsPerBatch = 100;
const batch = (step: number) =>
  metrics.batch(
    {
      ...{ stage: "train", step, epoch: step, split: "train", name: "loss" },
      value: Float64Array.from({ length: rowsPerBatch }, (_, row) => rowsPerBatch * step + row),
    },
    rowsPerBatch,
  );

const isMetrics = ({ path, body }: Request) => path === "runs/log-batch" && body.metrics !== undefined;

/** The numbers of every request that was answered, in order; a number may come again after an answer that was lost. */
function valuesIn(requests: readonly Request[]): readonly number[] {
  return requests
    .filter(isMetrics)
    .flatMap(({ body }) => (body.metrics as { value: number }[]).map(({ value }) => value));
}

const countTo = (count: number) => Array.from({ length: count }, (_, at) => at);

law("a connection that is cut midway, before or after the server took the numbers, loses none of them", () =>
  inFolder(async (runFolder) => {
    let cuts = 0;
    const server = await standIn((request) => {
      if (!isMetrics(request) || cuts === 2) return undefined;
      cuts += 1;
      return "reset";
    });
    const { error, logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url, patience: 20 } },
      inputs: { metrics: [countTo(30).map(batch)] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.is(cuts, 2);
    assert.equal([...new Set(valuesIn(server.requests))], countTo(3000));
    assert.ok(logs.some(({ level, message }) => level === "warning" && /does not answer/.test(message)));
    assert.equal(await readdir(join(runFolder, "mlflow")), [], "all is sent");
  }),
);

law("a server that dies midway and comes back gets all; training has not waited for it", () =>
  inFolder(async (runFolder) => {
    const first = await standIn();
    const port = Number(new URL(first.url).port);
    let again: StandIn | undefined;
    const waits: number[] = [];
    async function* training() {
      for (const step of countTo(60)) {
        if (step === 20) await first.close();
        const start = performance.now();
        yield batch(step);
        waits.push(performance.now() - start);
        await pause(5);
      }
      again = await standIn(undefined, port);
    }
    const { error } = await runStage(mlflow, {
      ...{ runFolder, options: { url: first.url, patience: 30 } },
      inputs: { metrics: [training()] },
    });
    await again?.close();
    assert.is(error, undefined);
    const values = valuesIn([...first.requests, ...(again?.requests ?? [])]);
    assert.equal([...new Set(values)], countTo(6000));
    const median = waits.sort((left, right) => left - right)[30];
    assert.ok(median < 400, `a batch waited ${median} ms, in the middle of all`);
  }),
);

law(
  "one that never comes back, answers with pages of another service or not to the end leaves all on disk",
  async () => {
    for (const instead of ["reset", "page", "silence"] as const) {
      await inFolder(async (runFolder) => {
        const server = await standIn((request) => (isMetrics(request) ? instead : undefined));
        const start = performance.now();
        const { error, logs } = await runStage(mlflow, {
          ...{ runFolder, options: { url: server.url, patience: 0.3 } },
          inputs: { metrics: [countTo(30).map(batch)] },
        });
        await server.close();
        assert.is(error, undefined, instead);
        assert.ok(performance.now() - start < 20_000, `${instead} held up the end`);
        const lines = await readFile(join(runFolder, "mlflow/tried/numbers.ndjson"), "utf8");
        const kept = lines.trimEnd().split("\n");
        assert.equal(
          kept.map((line) => (JSON.parse(line) as { value: number }).value),
          countTo(3000),
        );
        const { sentBytes } = JSON.parse(await readFile(join(runFolder, "mlflow/tried/state.json"), "utf8"));
        assert.is(sentBytes, 0, instead);
        assert.ok(logs.some(({ message }) => message.includes("npx jacoflow-mlflow")));
      });
    }
  },
);

const stateOfNothing: SpoolState = {
  ...{ url: "", experiment: "", name: "", start: 0, sentBytes: 0, tags: {}, parameters: {} },
};

law("a server that has no time for a thousand numbers at once gets them all, fewer at a time", () =>
  inFolder(async (folder) => {
    const server = await standIn((request) =>
      isMetrics(request) && valuesIn([request]).length > 300 ? "silence" : undefined,
    );
    const spool = await Spool.openOrCreate(folder, stateOfNothing, assert.unreachable);
    const signal = AbortSignal.timeout(120_000);
    const limits = { longest: 1000, long: 500 };
    let lost = 0;
    const away = () => {
      lost += 1;
    };
    const events = { away, back: () => undefined, refused: assert.unreachable };
    const sender = new Sender(openServer(server.url, folder, {}, signal, limits), spool, events, signal);
    const numbers = countTo(3000).map((step) => ({ key: "k", value: step, step, timestamp: 0 }));
    await spool.append("train.metrics", numbers);
    await spool.settled();
    await spool.remember({ end: { status: "FINISHED", time: 0 } });
    await sender.settled();
    await spool.close();
    await server.close();
    assert.equal([...new Set(valuesIn(server.requests))], countTo(3000));
    assert.ok(lost >= 2, `${lost} requests came to nothing`);
    assert.is(server.requests.at(-1)!.body.status, "FINISHED");
  }),
);

law("a spool that is removed while the server is away ends the run by name", () =>
  inFolder(async (runFolder) => {
    const numbers = join(runFolder, "mlflow/tried/numbers.ndjson");
    async function* training() {
      yield* countTo(10).map(batch);
      await until("there is a spool", async () => (await readFile(numbers, "utf8").catch(() => "")) !== "");
      await rm(numbers);
      yield* countTo(10).map(batch);
    }
    const { error } = await runStage(mlflow, {
      ...{ runFolder, options: { url: "http://127.0.0.1:9", patience: 0 } },
      inputs: { metrics: [training()] },
    });
    assert.is((error as JacoflowError).code, "MLFLOW_WRITE");
    assert.match((error as JacoflowError).message, numbers);
  }),
);

law("while the server is silent, rows take no memory and wait for nobody", () =>
  inFolder(async (runFolder) => {
    const server = await standIn((request) => (isMetrics(request) ? "silence" : undefined));
    const rows = 2000;
    const large = Float64Array.from({ length: rows }, (_, row) => row);
    const count = 150;
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const memory: number[] = [];
    async function* training() {
      for (const step of countTo(count)) {
        // The least of ten looks: at any one moment a batch may be on its way, or a finaliser wait.
        if (step % 50 >= 40) {
          collect();
          const { heapUsed, external } = process.memoryUsage();
          const at = Math.floor(step / 50);
          memory[at] = Math.min(memory[at] ?? Number.POSITIVE_INFINITY, heapUsed + external);
        }
        yield metrics.batch(
          { stage: "train", step, epoch: step, split: "train", name: "loss", value: large },
          rows,
        );
      }
    }
    await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url, patience: 0 } },
      inputs: { metrics: [training()] },
    });
    await server.close();
    // Held rows would be 100,000 between two looks, of 150 bytes each and more.
    assert.ok(memory[2] - memory[1] < 8e6, `${memory.map((bytes) => Math.round(bytes / 1e6))} MB`);
    const kept = await readFile(join(runFolder, "mlflow/tried/numbers.ndjson"), "utf8");
    assert.is(kept.trimEnd().split("\n").length, count * rows);
  }),
);

law("batches of one row come in order, in few writes and requests, and a last one goes without another", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    const rows = 3000;
    let arrived = 0;
    async function* training() {
      for (const step of countTo(rows)) {
        yield metrics.batch(
          { stage: "train", step, epoch: step, split: "train", name: "loss", value: [step] },
          1,
        );
      }
      await until("every number has arrived", () => {
        arrived = valuesIn(server.requests).length;
        return arrived >= rows;
      });
    }
    const { error } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [training()] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.is(arrived, rows, "while the run goes on");
    assert.equal(valuesIn(server.requests), countTo(rows));
    const requests = server.requests.filter(isMetrics).length;
    assert.ok(requests < rows / 10, `${requests} requests`);
  }),
);

law(
  "numbers of several origins that gather are in the file when it has settled, each whole and in order",
  () =>
    inFolder(async (folder) => {
      const spool = await Spool.openOrCreate(folder, stateOfNothing, assert.unreachable);
      let writes = 0;
      spool.onWritten(() => {
        writes += 1;
      });
      const count = 5000;
      await Promise.all(
        ["first", "second"].map(async (key) => {
          for (const step of countTo(count))
            await spool.append(key, [{ key, value: step, step, timestamp: 0 }]);
        }),
      );
      await spool.settled();
      const lines = (await readFile(join(folder, "numbers.ndjson"), "utf8")).trimEnd().split("\n");
      const kept = lines.map((line) => JSON.parse(line) as { key: string; step: number });
      for (const key of ["first", "second"]) {
        assert.equal(
          kept.filter((one) => one.key === key).map(({ step }) => step),
          countTo(count),
        );
      }
      assert.equal(spool.counts, { first: count, second: count });
      assert.ok(writes < count / 10, `${writes} writes`);
      await spool.close();
    }),
);

law.run();
