import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, type Ended, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { smallPipeline, writeSmallPipeline, writeStripes } from "../support/smallPipeline.js";
import { leftovers, tableHashes } from "../support/tables.js";

const law = suite("a signal");

law.before(build);

/** Milliseconds to stop in: 2 s on a machine that has nothing else to do. */
const inTime = () => 2000 * Math.max(1, loadavg()[0] / availableParallelism());

interface Stopped extends Ended {
  /** Milliseconds from the first signal to the end. */
  readonly took: number;
}

/** Sends signals to a command some milliseconds after it said something. */
async function stopped(
  words: readonly string[],
  said: RegExp,
  {
    after = 0,
    signals = ["SIGINT"],
    meanwhile,
  }: {
    readonly after?: number;
    readonly signals?: readonly NodeJS.Signals[];
    readonly meanwhile?: (output: string) => void;
  } = {},
): Promise<Stopped> {
  let at: number | undefined;
  let armed = false;
  const ended = await jacoflow(words, {
    onOutput: (child: ChildProcess, output) => {
      if (armed || !said.test(output)) return;
      armed = true;
      meanwhile?.(output);
      void setTimeout(after).then(async () => {
        at = performance.now();
        for (const signal of signals) {
          child.kill(signal);
          await setTimeout(100);
        }
      });
    },
  });
  assert.ok(at !== undefined, `it ended before: ${ended.stdout}${ended.stderr}`);
  return { ...ended, took: performance.now() - at };
}

const outcomeOf = (run: string) => JSON.parse(readFileSync(join(run, "run.json"), "utf8")).outcome;

function assertClean(run: string, { code, took, stderr }: Stopped, exitCode: number): void {
  assert.is(code, exitCode, stderr);
  assert.ok(took < inTime(), `${took} ms to stop`);
  assert.is(outcomeOf(run), "cancelled");
  assert.equal(leftovers(run), []);
  assert.equal(
    readdirSync(run).filter((name) => name.startsWith(".active")),
    [],
  );
}

const training = (epochs: number) => ({
  train: `{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.05, batchSize: 6, epochs: ${epochs}, snapshots: { at: [0] }, evaluate: { every: 50, unit: epochs } } }`,
  project: null,
  parquet: "{ uses: sink/parquet, from: [train.metrics, svd.spectrum] }",
});
/** Takes a second or two. */
const longTraining = training(500);
/** Ends by a signal only. */
const endless = training(1_000_000);

for (const [signal, exitCode] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  law(`${signal} in training leaves a checkpoint, from which the run goes on to the same bytes`, () =>
    withFolder(async (folder) => {
      const file = writeSmallPipeline(folder, longTraining);
      const [run, whole] = [join(folder, "run"), join(folder, "whole")];
      const words = ["run", file, "-vv", "--out", run];
      const ended = await stopped(words, /train: stage started/, { after: 300, signals: [signal] });
      assertClean(run, ended, exitCode);
      assert.ok(readdirSync(join(run, "checkpoints/train"), { recursive: true }).length > 0);
      for (const [flag, where] of [
        ["--resume", run],
        ["--out", whole],
      ]) {
        const { code, stderr } = await jacoflow(["run", file, "-q", flag, where]);
        assert.is(code, 0, stderr);
      }
      assert.equal(tableHashes(run), tableHashes(whole));
    }),
  );
}

/** A sweep of the Jacobian that takes far longer than a test. */
const longSweep = {
  data: "{ uses: data/gaussian-mixture, with: { classes: 10, clusters: 10, dimension: 400, sigma: 0.1, train: 3000, test: 20 } }",
  noise: null,
  network: "{ uses: network/init, from: data, with: { architecture: mlp, hidden: [200, 200, 200] } }",
  train: null,
  svd: "{ uses: jacobian/spectrum, from: [data, network], with: { rank: 40, method: block-krylov, split: [train] } }",
  project: null,
  parquet: "{ uses: sink/parquet, from: [svd.spectrum] }",
} as const;

for (const engine of ["native", "wasm"]) {
  law(`reaches a long sweep on the engine ${engine}; sent twice it ends the process at once`, () =>
    withFolder(async (folder) => {
      const file = writeSmallPipeline(folder, longSweep);
      const words = ["run", file, "-vv", "--engine", engine, "--memory", "2GB", "--out"];
      const once = join(folder, "once");
      const one = await stopped([...words, once], /svd: stage started/, { after: 1500 });
      assertClean(once, one, 130);
      const twice = join(folder, "twice");
      const signals = ["SIGTERM", "SIGTERM"] as const;
      const two = await stopped([...words, twice], /svd: stage started/, { after: 700, signals });
      assert.is(two.code, 143);
      assert.ok(two.took < inTime() / 2, `${two.took} ms`);
    }),
  );
}

law("while the report is written lets it be written", () =>
  withFolder(async (folder) => {
    const report = "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }";
    const run = join(folder, "run");
    const words = ["run", writeSmallPipeline(folder, { report }), "-vv", "--out", run];
    const { code, took, stderr } = await stopped(words, /project: stage done/);
    assert.ok(code === 130 || code === 0, stderr);
    assert.ok(took < inTime(), `${took} ms`);
    assert.match(readFileSync(join(run, "report.html"), "utf8"), /<\/html>\n$/);
  }),
);

law("ends the pages of a run too, which are told how it ended", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const file = writeSmallPipeline(folder, endless);
    const pages: Promise<string>[] = [];
    const ended = await stopped(["run", file, "-vv", "--serve=0", "--out", run], /stage started/, {
      after: 800,
      meanwhile: (output) => {
        const url = /watch it: (\S+)/.exec(output)?.[1];
        const page = async () => (await fetch(`${url}runs/run/events`)).text();
        for (let at = 0; at < 5; at += 1) pages.push(page());
      },
    });
    assertClean(run, ended, 130);
    for (const told of await Promise.all(pages)) {
      assert.match(told, /"state":"cancelled"/);
      assert.match(told, /event: end\n/);
    }
  }),
);

law("ends every process of a matrix, sent once or twice", () =>
  withFolder(async (folder) => {
    const file = join(folder, "matrix.yaml");
    writeStripes(join(folder, "stripes"));
    writeFileSync(file, smallPipeline(endless, "name: small\nmatrix: { seed: [1, 2, 3] }\n"));
    for (const signals of [["SIGTERM"], ["SIGINT", "SIGINT"]] as const) {
      const out = join(folder, signals.join("-"));
      const ended = await stopped(["run", file, "--jobs", "2", "--out", out], /runs into/, {
        after: 1500,
        signals,
      });
      // The second signal may reach a process whose own handling has ended: it then dies of it, which shells call 130 too.
      if (ended.code === null) assert.is(ended.signal, signals[1], ended.stderr);
      else assert.is(ended.code, signals[0] === "SIGINT" ? 130 : 143, ended.stderr);
      assert.ok(ended.took < inTime(), `${ended.took} ms`);
      assert.equal(processesOf(out), []);
    }
  }),
);

/** Numbers of the processes that have a text in their command line. */
const processesOf = (text: string) =>
  readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || !existsSync(`/proc/${name}/cmdline`)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
    } catch {
      return false;
    }
  });

law("of two that resume a run at once one goes on, and the other is refused", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const file = writeSmallPipeline(folder, longTraining);
    await stopped(["run", file, "-vv", "--out", run], /train: stage started/, { signals: ["SIGKILL"] });
    assert.is(outcomeOf(run), "running");
    const both = await Promise.all([1, 2].map(() => jacoflow(["run", file, "-q", "--resume", run])));
    assert.equal(both.map(({ code }) => code).sort(), [0, 2]);
    assert.match(both.find(({ code }) => code === 2)!.stderr, "RUN_ACTIVE");
    assert.is(outcomeOf(run), "done");
  }),
);

law.run();
