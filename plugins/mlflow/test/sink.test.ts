import { spawn } from "node:child_process";
import { appendFile, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { metrics, whileAtRest } from "jacoflow";
import { runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openServer } from "../src/server.js";
import { mlflow } from "../src/sink.js";
import { inFolder } from "./folder.js";
import { type Request, standIn } from "./server.js";
import { until } from "./until.js";

const law = suite("sink/mlflow");

const evaluation = (step: number, value: number) =>
  metrics.batch({ stage: "train", step, epoch: step, split: "train", name: "loss", value: [value] }, 1);

interface Sent {
  readonly key: string;
  readonly value: number | string;
  readonly step: number;
}

/** The numbers that a server was sent and said yes to, in their order. */
const numbersIn = (requests: readonly Request[]): readonly Sent[] =>
  requests.flatMap(({ body }) => (body.metrics as readonly Sent[] | undefined) ?? []);
const stepsIn = (requests: readonly Request[]) => numbersIn(requests).map(({ step }) => step);

law("every number arrives once, in order, NaN and infinity as protocol buffers write them", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    const values = [0.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-300];
    const { error } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [values.map((value, step) => evaluation(step, value))] },
    });
    await server.close();
    assert.is(error, undefined);
    const sent = numbersIn(server.requests);
    assert.equal(
      sent.map(({ value }) => value),
      [0.5, "NaN", "Infinity", "-Infinity", 1e-300],
    );
    assert.equal(
      sent.map(({ step }) => step),
      [0, 1, 2, 3, 4],
    );
    assert.is(sent[0].key, "edge-metrics-0/loss/train");
    const last = server.requests.at(-1)!;
    assert.is(last.path, "runs/update");
    assert.is(last.body.status, "FINISHED");
    assert.equal(await readdir(join(runFolder, "mlflow")), [], "nothing stays behind");
  }),
);

const count = 12;
const evaluations = Array.from({ length: count }, (_, step) => evaluation(step, 1 / (1 + step)));
const steps = Array.from({ length: count }, (_, step) => step);

/** Resolves when a spool holds so many numbers and knows that the server has them all. */
const arrived = (spool: string, numbers: number) =>
  until("the sink knows that all it was given has arrived", async () => {
    const read = (name: string) => readFile(join(spool, name), "utf8").catch(() => "");
    const state = await read("state.json");
    const lines = await read("numbers.ndjson");
    const sent = state !== "" && (JSON.parse(state) as { sentBytes: number }).sentBytes;
    return lines.split("\n").length - 1 === numbers && sent === Buffer.byteLength(lines);
  });

law("killed anywhere and resumed, it goes on with the same run, and every number arrives once", () =>
  inFolder(async (folder) => {
    for (const [index, before] of [0, 1, 5, 11].entries()) {
      const runFolder = join(folder, String(index));
      const server = await standIn();
      const options = { url: server.url };
      const killed = `${runFolder}-killed`;
      async function* cutOff() {
        yield* evaluations.slice(0, before);
        await arrived(join(runFolder, "mlflow/tried"), before);
        await cp(runFolder, killed, { recursive: true });
        await appendFile(join(killed, "mlflow/tried/numbers.ndjson"), '{"key":"edge-met');
      }
      await runStage(mlflow, { runFolder, options, inputs: { metrics: [cutOff()] } });
      const { error } = await runStage(mlflow, {
        runFolder: killed,
        options,
        inputs: { metrics: [evaluations] },
      });
      await server.close();
      assert.is(error, undefined);
      assert.equal(stepsIn(server.requests), steps);
      const created = server.requests.filter(({ path }) => path === "runs/create");
      assert.is(created.length, 1, `cut off after ${before}`);
      assert.is(server.requests.filter(({ body }) => body.params !== undefined).length, 1);
      assert.is(server.requests.at(-1)!.body.status, "FINISHED");
    }
  }),
);

law("stopped and resumed it sends what is left; killed after all was sent it sends nothing", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    const options = { url: server.url };
    const stopping = new AbortController();
    async function* stopped() {
      yield* evaluations.slice(0, 4);
      stopping.abort();
    }
    await runStage(mlflow, { runFolder, options, inputs: { metrics: [stopped()] }, signal: stopping.signal });
    for (let times = 0; times < 2; times++) {
      const { error } = await runStage(mlflow, { runFolder, options, inputs: { metrics: [evaluations] } });
      assert.is(error, undefined);
    }
    await server.close();
    assert.equal(stepsIn(server.requests), steps);
    assert.is(server.requests.filter(({ path }) => path === "runs/create").length, 1);
  }),
);

law("an answer that was lost does not make a second run", () =>
  inFolder(async (runFolder) => {
    const server = await standIn((request, at) =>
      request.path === "runs/create" && at <= 3 ? 503 : undefined,
    );
    const { error } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [evaluations] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.is(server.requests.filter(({ path }) => path === "runs/create").length, 1);
    const search = server.requests.find(({ path }) => path === "runs/search")!;
    assert.match(String(search.body.filter), /^tags\.`jacoflow\.run` = '[0-9a-f-]{36}'$/);
    assert.equal(stepsIn(server.requests), steps);
  }),
);

law("2,500 rows go in requests of at most 1,000", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    const rows = 2500;
    const batch = metrics.batch(
      {
        ...{
          stage: "train",
          step: Array.from({ length: rows }, (_, row) => row),
          split: "train",
          name: "loss",
        },
        ...{ epoch: new Float64Array(rows), value: new Float64Array(rows) },
      },
      rows,
    );
    await runStage(mlflow, { runFolder, options: { url: server.url }, inputs: { metrics: [[batch]] } });
    await server.close();
    const sizes = server.requests.flatMap(({ body }) =>
      body.metrics === undefined ? [] : [(body.metrics as readonly unknown[]).length],
    );
    assert.ok(sizes.every((size) => size <= 1000));
    assert.is(
      sizes.reduce((sum, size) => sum + size, 0),
      rows,
    );
  }),
);

law("a server that answers 503 for a while is asked again and gets everything", () =>
  inFolder(async (runFolder) => {
    const server = await standIn((_, count) => (count <= 2 ? 503 : undefined));
    const { error, logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url, patience: 20 } },
      inputs: { metrics: [[evaluation(0, 1), evaluation(1, 2)]] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.equal(
      numbersIn(server.requests).map(({ value }) => value),
      [1, 2],
    );
    assert.ok(logs.some(({ level, message }) => level === "warning" && /answered 503/.test(message)));
    assert.ok(logs.some(({ level, message }) => level === "info" && /answers again/.test(message)));
  }),
);

law("a server that refuses is said so at once; the run ends well and what was not sent is kept", () =>
  inFolder(async (runFolder) => {
    const server = await standIn(({ path }) => (path === "runs/create" ? 403 : undefined));
    const { error, logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [[evaluation(0, 1)]] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.ok(logs.some(({ level, message }) => level === "error" && /403/.test(message)));
    const kept = await readFile(join(runFolder, "mlflow/tried/numbers.ndjson"), "utf8");
    assert.is(JSON.parse(kept).value, 1);
  }),
);

/** Runs `jacoflow-mlflow` to its end. */
async function sendLater(spool: string): Promise<{ readonly code: number | null; readonly said: string }> {
  const command = fileURLToPath(new URL("../src/send.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", command, spool]);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (part) => {
      said += part;
    });
  }
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, said };
}

law(
  "sent by jacoflow-mlflow, a run that was killed is KILLED on the server, and goes on as the same when resumed",
  () =>
    inFolder(async (folder) => {
      const server = await standIn();
      const options = { url: server.url };
      const [runFolder, killed] = [join(folder, "run"), join(folder, "killed")];
      async function* cutOff() {
        yield* evaluations.slice(0, 5);
        await arrived(join(runFolder, "mlflow/tried"), 5);
        await cp(runFolder, killed, { recursive: true });
        throw new Error("cut off");
      }
      await runStage(mlflow, { runFolder, options, inputs: { metrics: [cutOff()] } });
      const { code, said } = await sendLater(join(killed, "mlflow/tried"));
      assert.is(code, 0, said);
      assert.match(said, "kept");
      assert.is(server.requests.at(-1)!.body.status, "KILLED");
      const { error } = await runStage(mlflow, {
        ...{ runFolder: killed, options },
        inputs: { metrics: [evaluations] },
      });
      await server.close();
      assert.is(error, undefined);
      assert.equal(stepsIn(server.requests), steps);
      assert.is(server.requests.filter(({ path }) => path === "runs/create").length, 1);
      assert.is(server.requests.at(-1)!.body.status, "FINISHED");
    }),
);

law("the spool of a run that goes on is refused by jacoflow-mlflow, and left as it is", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    const spool = join(runFolder, "mlflow/tried");
    let refused: Awaited<ReturnType<typeof sendLater>> | undefined;
    async function* goingOn() {
      yield* evaluations.slice(0, 5);
      await arrived(spool, 5);
      await writeFile(join(runFolder, "run.json"), '{ "outcome": "running" }');
      const filesNow = () =>
        Promise.all(["state.json", "numbers.ndjson"].map((name) => readFile(join(spool, name), "utf8")));
      const before = await filesNow();
      refused = await whileAtRest(runFolder, () => sendLater(spool));
      assert.equal(await filesNow(), before);
      yield* evaluations.slice(5);
    }
    const { error } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [goingOn()] },
    });
    await server.close();
    assert.is(error, undefined);
    assert.is.not(refused?.code, 0);
    assert.match(refused?.said ?? "", "RUN_ACTIVE");
    assert.ok(server.requests.every(({ body }) => body.status !== "KILLED"));
    assert.equal(stepsIn(server.requests), steps);
  }),
);

law("what a server that was away did not get is sent later by jacoflow-mlflow, and removed", () =>
  inFolder(async (runFolder) => {
    const first = await standIn();
    const port = Number(new URL(first.url).port);
    await first.close();
    const { error, logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: first.url, patience: 0.1 } },
      inputs: { metrics: [[evaluation(0, 1), evaluation(1, Number.NaN)]] },
    });
    assert.is(error, undefined);
    const spool = join(runFolder, "mlflow/tried");
    assert.ok(logs.some(({ message }) => message.includes(`npx jacoflow-mlflow ${spool}`)));

    const later = await standIn(undefined, port);
    const { code, said } = await sendLater(spool);
    await later.close();
    assert.is(code, 0, said);
    assert.match(said, "sent to");
    assert.equal(
      numbersIn(later.requests).map(({ value }) => value),
      [1, "NaN"],
    );
    assert.equal(await readdir(join(runFolder, "mlflow")), []);
  }),
);

law("tokens come from the environment and are nowhere on disk", () =>
  inFolder(async (runFolder) => {
    process.env.MLFLOW_TRACKING_TOKEN = "secret-token";
    const server = await standIn(({ path }) => (path === "runs/update" ? 403 : undefined));
    await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [[evaluation(0, 1)]] },
    }).finally(() => {
      delete process.env.MLFLOW_TRACKING_TOKEN;
    });
    await server.close();
    assert.ok(server.requests.every(({ authorization }) => authorization === "Bearer secret-token"));
    const files = await readdir(join(runFolder, "mlflow/tried"));
    assert.ok(files.length > 0);
    for (const file of files) {
      assert.not.match(await readFile(join(runFolder, "mlflow/tried", file), "utf8"), "secret");
    }
  }),
);

law("a slow server never slows the run: rows wait on disk", () =>
  inFolder(async (runFolder) => {
    const handled: number[] = [];
    const start = performance.now();
    async function* many() {
      for (let step = 0; step < 200; step += 1) yield evaluation(step, step);
      handled.push(performance.now() - start);
    }
    // Nothing listens there: every request waits for its back-off.
    await runStage(mlflow, {
      ...{ runFolder, options: { url: "http://127.0.0.1:9", patience: 0 } },
      inputs: { metrics: [many()] },
    });
    const kept = (await readFile(join(runFolder, "mlflow/tried/numbers.ndjson"), "utf8")).trim().split("\n");
    assert.is(kept.length, 200);
    assert.is(handled.length, 1);
  }),
);

law("addresses with a password, of another protocol, or none are refused before the run", () => {
  for (const url of ["ftp://host", "http://user:word@host", "host:5000", "http://host?x=1"]) {
    assert.throws(
      () =>
        mlflow.checkOptions?.({
          options: { url, experiment: "a", parameters: [], patience: 1 },
          place: "stages.mlflow",
        }),
      (error: Error) => "code" in error && error.code === "MLFLOW_URL",
      url,
    );
  }
});

law("a token that would end its line of the request is refused, and not said", () => {
  for (const token of ["abc\r\nX-Other: 1", "abc\n", "a b"]) {
    assert.throws(
      () => openServer("http://host", "", { MLFLOW_TRACKING_TOKEN: token }, new AbortController().signal),
      (error: Error) =>
        "code" in error && error.code === "MLFLOW_TOKEN" && !JSON.stringify(error).includes("abc"),
    );
  }
});

law("singular values, projections and angles have curves too", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: {
        spectrum: [sampleBatches("spectrum")],
        projection: [sampleBatches("projection")],
        angles: [sampleBatches("angles")],
      },
    });
    await server.close();
    const keys = new Set(numbersIn(server.requests).map(({ key }) => key));
    for (const part of ["singular_value/1/", "/information_ratio/", "cosine/1/"]) {
      assert.ok(
        [...keys].some((key) => key.includes(part)),
        `${part} in ${[...keys].join(", ")}`,
      );
    }
    // What MLflow allows in a key.
    for (const key of keys) assert.match(key, /^[\w\-. /]+$/);
  }),
);

law.run();
