import type { ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, type Ended, jacoflow, stoppedMidway } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { slowness } from "../support/slowness.js";
import { smallPipeline, writeSmallPipeline, writeStripes } from "../support/smallPipeline.js";
import { leftovers, tableHashes } from "../support/tables.js";
import { inTime, until } from "../support/waiting.js";

const law = suite("a signal");

law.before(build);

interface Stopped extends Ended {
  /** Milliseconds from the first signal to the end. */
  readonly took: number;
  /** Milliseconds it may take: 2 s on a machine that has nothing else to do. */
  readonly allowed: number;
}

/** Sends a signal to a command that said something, when it is `ready`; a second one when it says that it heard the first. */
async function stopped(
  words: readonly string[],
  said: RegExp,
  {
    ready,
    signals = ["SIGINT"],
  }: {
    readonly ready?: (output: string) => Promise<unknown>;
    readonly signals?: readonly NodeJS.Signals[];
  } = {},
): Promise<Stopped> {
  const left = [...signals];
  const before = slowness();
  let at: number | undefined;
  let getsReady: Promise<unknown> | undefined;
  const ended = await jacoflow(words, {
    onOutput: (child: ChildProcess, output) => {
      const send = () => {
        at ??= performance.now();
        child.kill(left.shift());
      };
      if (at !== undefined) {
        if (left.length > 0 && output.includes("once more ends at once")) send();
      } else if (getsReady === undefined && said.test(output)) {
        if (ready === undefined) send();
        else getsReady = ready(output).finally(send);
      }
    },
  });
  await getsReady;
  assert.ok(at !== undefined, `it never said ${said}: ${ended.stdout}${ended.stderr}`);
  const took = performance.now() - at;
  return { ...ended, took, allowed: 2000 * Math.max(before, slowness()) };
}

/**
 * What a shell calls the exit code: a second signal may reach a process whose own handling has ended, and which dies
 * of it.
 */
const exitCodeOf = ({ code, signal }: Ended) => code ?? 128 + constants.signals[signal!];

const outcomeOf = (run: string) => JSON.parse(readFileSync(join(run, "run.json"), "utf8")).outcome;

function assertClean(run: string, { code, took, allowed, stderr }: Stopped, exitCode: number): void {
  assert.is(code, exitCode, stderr);
  assert.ok(took < allowed, `${took} ms to stop, ${allowed} are allowed`);
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
      const ended = await stoppedMidway(run, () =>
        stopped(words, /train: stage started/, { ready: () => pause(300), signals: [signal] }),
      );
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
      const one = await stopped([...words, once], /svd: stage started/, { ready: () => pause(1500) });
      assertClean(once, one, 130);
      const twice = join(folder, "twice");
      const signals = ["SIGTERM", "SIGTERM"] as const;
      const two = await stopped([...words, twice], /svd: stage started/, {
        ready: () => pause(700),
        signals,
      });
      assert.is(exitCodeOf(two), 143, two.stderr);
      assert.ok(two.took < two.allowed / 2, `${two.took} ms`);
    }),
  );
}

law("while the report is written lets it be written", () =>
  withFolder(async (folder) => {
    const report = "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }";
    const run = join(folder, "run");
    const words = ["run", writeSmallPipeline(folder, { report }), "-vv", "--out", run];
    const { code, took, allowed, stderr } = await stopped(words, /project: stage done/);
    assert.ok(code === 130 || code === 0, stderr);
    assert.ok(took < allowed, `${took} ms, ${allowed} are allowed`);
    assert.match(readFileSync(join(run, "report.html"), "utf8"), /<\/html>\n$/);
  }),
);

law("ends the pages of a run too, which are told how it ended", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const file = writeSmallPipeline(folder, endless);
    const pages = Array.from({ length: 5 }, () => ({ told: "", end: Promise.resolve() }));
    const ended = await stopped(["run", file, "-vv", "--serve=0", "--out", run], /stage started/, {
      ready: (output) => {
        const url = /watch it: (\S+)/.exec(output)?.[1];
        for (const page of pages) {
          page.end = (async () => {
            const { body } = await fetch(`${url}runs/run/events`);
            for await (const text of body!.pipeThrough(new TextDecoderStream())) page.told += text;
          })();
          page.end.catch(() => undefined);
        }
        return until("every page is told of the run", () => pages.every(({ told }) => told !== ""));
      },
    });
    assertClean(run, ended, 130);
    for (const { told, end } of pages) {
      await inTime(end, () => `the end of a page, which was told ${told}`);
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
      const words = ["run", file, "--jobs", "2", "--out", out];
      const ended = await stopped(words, /runs into/, { ready: () => pause(1500), signals });
      assert.is(exitCodeOf(ended), signals[0] === "SIGINT" ? 130 : 143, ended.stderr);
      assert.ok(ended.took < ended.allowed, `${ended.took} ms, ${ended.allowed} are allowed`);
      await until("no process of the matrix is left", () => processesOf(out).length === 0);
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
    const file = writeSmallPipeline(folder, endless);
    await stopped(["run", file, "-vv", "--out", run], /train: stage started/, { signals: ["SIGKILL"] });
    assert.is(outcomeOf(run), "running");
    const children: ChildProcess[] = [];
    const onStart = (child: ChildProcess) => void children.push(child);
    const both = [1, 2].map(() => jacoflow(["run", file, "-q", "--resume", run], { onStart }));
    try {
      const refused = await inTime(Promise.race(both), () => "one of the two to be refused");
      assert.is(refused.code, 2, refused.stderr);
      assert.match(refused.stderr, "RUN_ACTIVE");
    } finally {
      for (const child of children) child.kill("SIGINT");
    }
    const codes = (await Promise.all(both)).map(({ code }) => code);
    assert.equal(codes.sort(), [130, 2]);
    assert.is(outcomeOf(run), "cancelled");
  }),
);

law.run();
