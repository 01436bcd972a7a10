import { spawn } from "node:child_process";
import { appendFile, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { RecordBatch } from "apache-arrow";
import { JacoflowError, metrics, whileAtRest } from "jacoflow";
import { runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mlflowErrors } from "../src/errors.js";
import { parameterTexts } from "../src/parameters.js";
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

/** Resolves when a spool holds so many numbers and knows that the server has its run and them all. */
const arrived = (spool: string, numbers: number) =>
  until("the sink knows that all it was given has arrived", async () => {
    const read = (name: string) => readFile(join(spool, name), "utf8").catch(() => "");
    const state = await read("state.json");
    const lines = await read("numbers.ndjson");
    const { run, sentBytes } = JSON.parse(state || "{}") as { run?: string; sentBytes?: number };
    const isAll = lines.split("\n").length - 1 === numbers && sentBytes === Buffer.byteLength(lines);
    return run !== undefined && isAll;
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

law("runs of one pipeline, such as those of a matrix, have names of their own on the server", () =>
  inFolder(async (folder) => {
    const server = await standIn();
    for (const name of ["seed-1_12ab34cd", "seed-2_56ef78ab", "trial-2026"]) {
      const trial = { runFolder: join(folder, name), options: { url: server.url } };
      const { error } = await runStage(mlflow, { ...trial, inputs: { metrics: [[evaluation(0, 1)]] } });
      assert.is(error, undefined);
    }
    await server.close();
    const created = server.requests.filter(({ path }) => path === "runs/create");
    assert.equal(
      created.map(({ body }) => body.run_name),
      ["trial/seed-1_12ab34cd", "trial/seed-2_56ef78ab", "trial-2026"],
    );
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

law(
  "the end to tell the server of is KILLED of a run that was stopped, FAILED of one that another stage ended",
  () =>
    inFolder(async (folder) => {
      const ends: readonly [string, Error | undefined][] = [
        ["KILLED", undefined],
        ["FAILED", new Error("no space left")],
      ];
      for (const [status, cause] of ends) {
        const server = await standIn();
        const stopping = new AbortController();
        async function* stopped() {
          yield evaluation(0, 1);
          // As the runtime stops a run.
          stopping.abort(
            new JacoflowError({ code: "RUN_STOPPED", kind: "run", message: "the run was stopped", cause }),
          );
        }
        await runStage(mlflow, {
          ...{ runFolder: join(folder, status), options: { url: server.url }, signal: stopping.signal },
          inputs: { metrics: [stopped()] },
        });
        await server.close();
        // It had no time to send it: the same signal stops it here.
        const state = await readFile(join(folder, status, "mlflow/tried/state.json"), "utf8");
        assert.is((JSON.parse(state) as { end: { status: string } }).end.status, status);
      }
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

law("names that MLflow refuses are sent as ones it takes, each its own, and hold up no other number", () =>
  inFolder(async (runFolder) => {
    const server = await standIn();
    const names = [
      "f1@0.5",
      "f1#0.5",
      "größe/试",
      "a//b",
      "",
      "..",
      "a\n𝛼",
      "x".repeat(300),
      "𝛼".repeat(249),
      "top: 5",
    ];
    const batches = names.map((name, step) =>
      metrics.batch({ stage: "train", step, epoch: step, split: "train", name, value: [step] }, 1),
    );
    await runStage(mlflow, { runFolder, options: { url: server.url }, inputs: { metrics: [batches] } });
    await server.close();
    const keys = numbersIn(server.requests).map(({ key }) => key);
    assert.is(new Set(keys).size, names.length);
    for (const key of keys) {
      // The rule of its server, which counts characters and compares with the path that it would be.
      assert.match(key, /^[\p{L}\p{N}_\-. :/]+$/u);
      assert.is(posix.normalize(key), key);
      assert.ok([...key].length <= 250, key);
    }
    assert.match(keys[0], /^edge-metrics-0\/f1_0\.5\/train-[0-9a-f]{8}$/);
    assert.is(keys[2], "edge-metrics-0/größe/试/train");
    assert.is(keys[9], "edge-metrics-0/top: 5/train");
  }),
);

law(
  "250 parameters go in requests of at most 100, and a long one is cut between two characters",
  async () => {
    const server = await standIn();
    const made = openServer(server.url, "", {}, new AbortController().signal);
    const parameters = Object.fromEntries(Array.from({ length: 250 }, (_, at) => [`p${at}`, String(at)]));
    await made.logParameters("run-1", parameters);
    await server.close();
    const sent = server.requests.map(({ body }) => body.params as readonly { key: string; value: string }[]);
    assert.equal(
      sent.map(({ length }) => length),
      [100, 100, 50],
    );
    assert.equal(Object.fromEntries(sent.flat().map(({ key, value }) => [key, value])), parameters);
    const file = { long: `a${"𝛼".repeat(7000)}` };
    assert.is(parameterTexts({ name: "", seed: 1, file }, ["long"], "").long, `a${"𝛼".repeat(5999)}`);
  },
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

law("a server that asks to be left alone is, in seconds or until a date", () =>
  inFolder(async (folder) => {
    for (const retryAfter of ["2", () => new Date(Date.now() + 3000).toUTCString()]) {
      const times: number[] = [];
      const server = await standIn((_, count) => {
        times.push(performance.now());
        const value = typeof retryAfter === "string" ? retryAfter : retryAfter();
        return count === 1 ? { status: 429, text: "", headers: { "retry-after": value } } : undefined;
      });
      const { error } = await runStage(mlflow, {
        ...{ runFolder: join(folder, typeof retryAfter), options: { url: server.url, patience: 60 } },
        inputs: { metrics: [[evaluation(0, 1)]] },
      });
      await server.close();
      assert.is(error, undefined);
      assert.is(numbersIn(server.requests).length, 1);
      // A date has no parts of seconds.
      assert.ok(times[1] - times[0] >= 1900, `asked again after ${times[1] - times[0]} ms`);
    }
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

/** A run whose server is away, and its spool. */
async function kept(runFolder: string, batches: readonly RecordBatch[]): Promise<string> {
  const options = { url: "http://127.0.0.1:9", patience: 0 };
  await runStage(mlflow, { runFolder, options, inputs: { metrics: [batches] } });
  return join(runFolder, "mlflow/tried");
}

law(
  "a spool that was damaged is said so by name: jacoflow-mlflow leaves it, a resumed run sends what it lacks",
  () =>
    inFolder(async (folder) => {
      const zeros = (text: string) => {
        const lines = text.split("\n");
        return [...lines.slice(0, 3), "\0".repeat(lines[3].length), ...lines.slice(4)].join("\n");
      };
      // One bit of a letter: no text any more, though what is read in its place is JSON still.
      const noText = (text: string) => text.replace(/(?<=\n.*)loss/, "\xecoss");
      for (const [file, damage, said] of [
        ["numbers.ndjson", zeros, "line 4 of numbers.ndjson"],
        ["numbers.ndjson", noText, "line 2 of numbers.ndjson"],
        ["state.json", () => "", "JSON"],
        ["state.json", () => "{}", "state.json"],
      ] as const) {
        const runFolder = join(folder, said);
        const spool = await kept(runFolder, evaluations.slice(0, 8));
        const path = join(spool, file);
        const damaged = damage(await readFile(path, "latin1"));
        await writeFile(path, damaged, "latin1");
        const refused = await sendLater(spool);
        assert.is(refused.code, 1);
        assert.match(refused.said, "MLFLOW_SPOOL");
        assert.match(refused.said, said);
        assert.is(await readFile(path, "latin1"), damaged);

        const server = await standIn();
        const { error, logs } = await runStage(mlflow, {
          ...{ runFolder, options: { url: server.url }, inputs: { metrics: [evaluations] } },
        });
        await server.close();
        assert.is(error, undefined);
        assert.ok(logs.some(({ level, message }) => level === "warning" && message.includes(said)));
        assert.equal(stepsIn(server.requests), steps);
      }
    }),
);

law("what is left of a resumed run goes where it was resumed to", () =>
  inFolder(async (runFolder) => {
    const spool = await kept(runFolder, evaluations.slice(0, 4));
    const options = { url: "http://127.0.0.1:10", patience: 0 };
    await runStage(mlflow, { runFolder, options, inputs: { metrics: [evaluations] } });
    assert.is(JSON.parse(await readFile(join(spool, "state.json"), "utf8")).url, options.url);
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

law("an error in the log holds no credentials, though the server says back what it was asked with", () =>
  inFolder(async (runFolder) => {
    const environment = {
      MLFLOW_TRACKING_TOKEN: "",
      MLFLOW_TRACKING_USERNAME: "ada",
      MLFLOW_TRACKING_PASSWORD: "se cret",
    };
    Object.assign(process.env, environment);
    const basic = Buffer.from("ada:se cret").toString("base64");
    const server = await standIn(() => ({ status: 401, text: `you are Basic ${basic}, ada:se cret` }));
    const { logs } = await runStage(mlflow, {
      ...{ runFolder, options: { url: server.url } },
      inputs: { metrics: [[evaluation(0, 1)]] },
    }).finally(() => {
      for (const name of Object.keys(environment)) delete process.env[name];
    });
    await server.close();
    assert.is(server.requests[0].authorization, `Basic ${basic}`);
    const refused = logs.find(({ message }) => message.includes("answered 401"))?.message ?? "";
    assert.match(refused, "you are Basic …, ada:…");
  }),
);

law("an address whose name has several machines behind it, none of which answers, says why of each", () => {
  const failures = ["connect ECONNREFUSED ::1:5000", "connect ECONNREFUSED 127.0.0.1:5000"];
  // As Node has it: the whole of them has no message.
  const cause = new AggregateError(failures.map((message) => new Error(message)));
  assert.match(
    mlflowErrors.away("http://localhost:5000", cause).message,
    `does not answer: ${failures.join("; ")}`,
  );
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
