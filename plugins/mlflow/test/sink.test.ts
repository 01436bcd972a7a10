import { readdir, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { metrics } from "jacoflow";
import { runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterTexts } from "../src/parameters.js";
import { openServer } from "../src/server.js";
import { mlflow } from "../src/sink.js";
import { inFolder } from "./folder.js";
import { evaluation, numbersIn } from "./sent.js";
import { standIn } from "./server.js";

const law = suite("sink/mlflow");

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
