import { spawn } from "node:child_process";
import { appendFile, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RecordBatch } from "apache-arrow";
import { JacoflowError, whileAtRest } from "jacoflow";
import { runStage } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { mlflow } from "../src/sink.js";
import { inFolder } from "./folder.js";
import { evaluation, numbersIn, stepsIn } from "./sent.js";
import { standIn } from "./server.js";
import { until } from "./until.js";

const law = suite("sink/mlflow, its spool");

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

law.run();
