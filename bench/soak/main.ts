// `npm run soak -- MINUTES`: one long run with every sink attached, short runs beside it, and what the process holds.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Type } from "typebox";
import type { TensorflowEngine } from "../../engine/tfjs/engine.js";
import { composition } from "../../pipeline/cli/compose.js";
import { loadPipeline } from "../../pipeline/file/load.js";
import { runPipeline } from "../../pipeline/run/run.js";
import { defineStage, type Engine, many, type Stage, stream } from "../../pipeline/stage.js";
import { duckdb } from "../../plugins/duckdb/src/sink.js";
import { mlflow } from "../../plugins/mlflow/src/sink.js";
import { parquetjsLite } from "../../plugins/parquetjs-lite/src/sink.js";
import { tensorboard } from "../../plugins/tensorboard/src/sink.js";
import { consoleSink } from "../../stages/sinks/console.js";
import { freePort, trackingServer } from "../sinks/other.js";
import { type Look, look } from "./look.js";
import { longRun, shortRun } from "./pipelines.js";
import { flatness, flatnessTable } from "./verdict.js";

const minutes = Number(process.argv[2] ?? 30);
const secondsBetweenShortRuns = Math.min(10, 5 * minutes);
const secondsBetweenListeners = 7;

/** Keeps a training from taking the whole machine: a sink that waits. */
const pace = defineStage({
  name: "sink/pace",
  summary: "Waits three tenths of a second with every batch.",
  options: Type.Object({}, { additionalProperties: false }),
  inputs: { tables: many(stream("any", "what to wait with")) },
  outputs: {},
  run: async ({ tables }) => {
    const wait = () => pause(300);
    await Promise.all(tables.map((input) => input.forEach(wait)));
  },
});

/** What the console sink prints goes nowhere. */
const printed = consoleSink(() => ({ write: async () => undefined, close: async () => undefined }));

const { stages: builtIn, createEngine } = composition();
const stages = new Map(builtIn);
for (const stage of [pace, printed, duckdb, mlflow, parquetjsLite, tensorboard]) {
  stages.set(stage.name, stage as unknown as Stage);
}
const folder = mkdtempSync(join(tmpdir(), "jacoflow-soak-"));
const stop = new AbortController();
const start = performance.now();
const minutesSince = () => (performance.now() - start) / 60_000;
const told = { rows: 0, shortRuns: 0, tensors: 0 };
const looks: Look[] = [];

async function run(text: string, runFolder: string, engine: () => Promise<Engine>, signal: AbortSignal) {
  const pipeline = await loadPipeline({
    ...{ text, file: "soak.yaml", stages, environment: {} },
    engines: ["native", "wasm"],
  });
  return runPipeline(pipeline, {
    ...{ createEngine: engine, runFolder, signal, memoryLimit: 400e6, threads: 1 },
    versions: { jacoflow: "soak" },
    observers: [
      (event) => {
        if (event.kind === "batch-sent" && runFolder.endsWith("long")) told.rows += event.batch.numRows;
      },
    ],
  });
}

/** An engine that says how many tensors it holds when it is closed. */
async function countingEngine(): Promise<Engine> {
  const engine = await createEngine("wasm", {});
  const close = engine.close.bind(engine);
  return Object.assign(engine, {
    close: async () => {
      told.tensors = await (engine as TensorflowEngine).tensorCount();
      await close();
    },
  });
}

/** Between two short runs, when their engines and threads should be gone, is the moment to look. */
async function shortRuns(): Promise<void> {
  while (!stop.signal.aborted) {
    const runFolder = join(folder, "short");
    const { outcome, error } = await run(shortRun, runFolder, countingEngine, new AbortController().signal);
    if (outcome !== "done") throw error ?? new Error(`a short run ended as ${outcome}`);
    rmSync(runFolder, { recursive: true });
    told.shortRuns += 1;
    await pause(secondsBetweenShortRuns * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    if (stop.signal.aborted) return;
    const found = look({ minutes: minutesSince(), ...told });
    looks.push(found);
    process.stderr.write(`${JSON.stringify(found)}\n`);
  }
}

/** Listeners that come, read for a moment and go without a word. */
async function listeners(port: number): Promise<void> {
  for (let table = 0; !stop.signal.aborted; table = 1 - table) {
    const url = `http://127.0.0.1:${port}/${["metrics", "predictions"][table]}/train`;
    const asked = get(url, { agent: false }, (response) => response.on("error", () => undefined).resume());
    asked.on("error", () => undefined);
    await pause(3000);
    asked.destroy();
    await pause(secondsBetweenListeners * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

const server = await trackingServer();
const port = await freePort();
const until = setTimeout(() => stop.abort(), minutes * 60_000);
const native = () => createEngine("native", { threads: 1 });
try {
  const [long] = await Promise.all([
    run(longRun(server.url, port), join(folder, "long"), native, stop.signal).finally(() => stop.abort()),
    shortRuns(),
    listeners(port),
  ]);
  clearTimeout(until);
  if (long.outcome !== "cancelled") throw long.error ?? new Error(`the long run ended as ${long.outcome}`);
} finally {
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

const found = flatness(looks);
const file = fileURLToPath(new URL("../results/soak.json", import.meta.url));
const machine = { processor: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
const result = { date: new Date().toISOString(), minutes, machine, flatness: found, looks };
writeFileSync(file, `${JSON.stringify(result, undefined, 1)}\n`);
process.stdout.write(`${flatnessTable(found)}\n`);
const last = looks[looks.length - 1];
process.stdout.write(`${last.rows} rows sent, ${last.shortRuns} short runs, ${minutes} minutes\n`);
process.exitCode = found.every(({ isFlat }) => isFlat) ? 0 : 1;
