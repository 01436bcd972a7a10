import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { partsOf, query } from "../support/tables.js";

const law = suite("trackers of experiments read what jacoflow wrote");
const python = join(repository, "test/interop/trackers/bin/python");
const reads = existsSync(python) ? law : law.skip;
if (!existsSync(python))
  process.stdout.write("skipped: no test/interop/trackers; test/interop/setup makes it\n");

/** What a Python program prints, as JSON; throws what it says when it fails. */
function askPython(program: string, words: readonly string[]): unknown {
  const { status, stdout, stderr } = spawnSync(python, ["-c", program, ...words], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Python ended with ${status}:\n${stderr}`);
  return JSON.parse(stdout) as unknown;
}

law.before(build);

const smaller = [
  "stages.data.with.train=120",
  "stages.data.with.test=60",
  "stages.train.with.epochs=4",
  "stages.train.with.snapshots.at=[0, 4]",
  "stages.svd.with.rank=10",
  "stages.project.with.rank=8",
].flatMap((set) => ["--set", set]);

/** Runs the quickstart, smaller, with one more stage in the report's place. */
async function run(folder: string, plugin: string, stage: Readonly<Record<string, unknown>>): Promise<void> {
  const { code, stderr } = await jacoflow([
    ...["run", join(repository, "examples/quickstart.yaml"), "--out", folder, ...smaller],
    ...["--plugins", plugin, "--set", `stages.report=${JSON.stringify(stage)}`],
  ]);
  assert.is(code, 0, stderr);
}

interface Point {
  readonly step: number;
  readonly value: number;
}

/** The curve that the Parquet tables hold. */
async function curve(folder: string, name: string, split: string): Promise<readonly Point[]> {
  const rows = await query(
    `select step, value from ${partsOf(folder, "metrics", "train")} where name = '${name}' and split = '${split}' order by step`,
  );
  return rows.map(({ step, value }) => ({ step: Number(step), value: Number(value) }));
}

const from = ["train.metrics", "svd.spectrum", "project"];

reads("TensorBoard's own reader finds every scalar and histogram, checksums and all", () =>
  withFolder(async (folder) => {
    await run(folder, "tensorboard", { uses: "sink/tensorboard", from });
    const found = askPython(
      `
import json, sys
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
runs = EventMultiplexer(size_guidance={"scalars": 0, "histograms": 0}).AddRunsFromDirectory(sys.argv[1])
runs.Reload()
print(json.dumps({
    "tags": {run: sorted(tags["scalars"]) + sorted(tags["histograms"]) for run, tags in runs.Runs().items()},
    "error": [{"step": point.step, "value": point.value} for point in runs.Scalars("metrics/train/test", "error")],
    "counts": [point.histogram_value.num for point in runs.Histograms("spectrum/svd/train", "singular_values")],
    "buckets": [sum(point.histogram_value.bucket) for point in runs.Histograms("spectrum/svd/train", "singular_values")],
}))`,
      [join(folder, "tensorboard")],
    ) as {
      readonly tags: Readonly<Record<string, readonly string[]>>;
      readonly error: readonly Point[];
      readonly counts: readonly number[];
      readonly buckets: readonly number[];
    };
    const wanted = await curve(folder, "error", "test");
    assert.ok(wanted.length >= 4);
    assert.equal(
      found.error,
      wanted.map(({ step, value }) => ({ step, value: Math.fround(value) })),
    );
    assert.equal(found.counts, [10, 10]);
    assert.equal(found.buckets, [10, 10]);
    assert.ok(found.tags["projection/project/train"].includes("label/information_ratio"));
  }),
);

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** A real tracking server with its data in `folder`; resolves when it answers. */
async function trackingServer(folder: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const store = `sqlite:///${join(folder, "mlflow.db")}`;
  const child: ChildProcess = spawn(
    join(dirname(python), "mlflow"),
    [
      ...["server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1"],
      ...["--backend-store-uri", store, "--artifacts-destination", join(folder, "artifacts")],
    ],
    { detached: true, stdio: "ignore", cwd: folder },
  );
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  for (let tries = 0; tries < 600; tries += 1) {
    const answers = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (answers) break;
    assert.is(child.exitCode, null, "the tracking server ended");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return {
    url,
    stop: async () => {
      process.kill(-(child.pid as number), "SIGTERM");
      await ended;
    },
  };
}

reads("a real MLflow server has every number of a run, by MLflow's own client", () =>
  withFolder(async (folder) => {
    const server = await trackingServer(folder);
    try {
      const runFolder = join(folder, "run");
      const parameters = ["seed", "stages.noise.with.fraction"];
      const options = { url: server.url, experiment: "fashion", parameters };
      await run(runFolder, "mlflow", { uses: "sink/mlflow", from, with: options });
      const found = askPython(
        `
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("fashion")
[run] = client.search_runs([experiment.experiment_id])
history = client.get_metric_history(run.info.run_id, "train/error/test")
print(json.dumps({
    "status": run.info.status,
    "parameters": run.data.params,
    "keys": sorted(run.data.metrics),
    "error": [{"step": point.step, "value": point.value} for point in sorted(history, key=lambda point: point.step)],
}))`,
        [server.url],
      ) as {
        readonly status: string;
        readonly parameters: Readonly<Record<string, string>>;
        readonly keys: readonly string[];
        readonly error: readonly Point[];
      };
      assert.is(found.status, "FINISHED");
      assert.equal(found.parameters, { seed: "7", "stages.noise.with.fraction": "0.5" });
      assert.equal(found.error, await curve(runFolder, "error", "test"));
      for (const key of ["svd/singular_value/10/train", "project/label/information_ratio/test"]) {
        assert.ok(found.keys.includes(key), `${key} in ${found.keys.join(", ")}`);
      }
    } finally {
      await server.stop();
    }
  }),
);

law.run();
