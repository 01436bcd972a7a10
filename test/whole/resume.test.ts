import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, stoppedMidway } from "../support/builtCommandLine.js";
import { flip } from "../support/damages.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { tableHashes } from "../support/tables.js";

const law = suite("resume");

law.before(build);

/** Block Krylov with more rows (180) than parameters (83), so that they are not held, in many sweeps of four columns. */
const sweeping = {
  network: "{ uses: network/init, from: noise, with: { architecture: mlp, hidden: [2] } }",
  svd: "{ uses: jacobian/spectrum, from: [noise, train.snapshots], with: { rank: 8, method: block-krylov, blockSize: 4, maxSweeps: 40, checkpointSeconds: 0 } }",
} as const;

/** Makes the process kill itself when it has kept so many states of this kind. */
function killedAfter(states: number, kind: RegExp): Readonly<Record<string, string>> {
  const module = `
    import files from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    const { rename } = files;
    let states = 0;
    files.rename = async (from, to) => {
      await rename(from, to);
      if (${kind}.test(to) && ++states === ${states}) process.kill(process.pid, "SIGKILL");
    };
    syncBuiltinESMExports();`;
  return { NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(module).toString("base64")}` };
}

law(
  "a run killed between two sweeps goes on from there to the same bytes; one that is done is left alone",
  () =>
    withFolder(async (folder) => {
      const file = writeSmallPipeline(folder, sweeping);
      const whole = join(folder, "whole");
      const plain = await jacoflow(["run", file, "--out", whole, "-q"]);
      assert.is(plain.code, 0, plain.stderr);
      assert.not.ok(existsSync(join(whole, "checkpoints")), "a run that is done needs none");

      const run = join(folder, "run");
      const words = ["run", file, "--resume", run, "-v"];
      for (const [states, jacobian] of [
        [2, "train-0"],
        [1, "train-18"],
      ] as const) {
        const killed = await jacoflow(words, {
          environment: killedAfter(states, new RegExp(`${jacobian}/state\\.json$`)),
        });
        assert.is(killed.signal, "SIGKILL", killed.stderr);
        assert.is(JSON.parse(readFileSync(join(run, "run.json"), "utf8")).outcome, "running");
        assert.ok(existsSync(join(run, "checkpoints/svd", jacobian, "state.json")));
      }

      const other = await jacoflow([...words, "--seed", "99"]);
      assert.is(other.code, 2);
      assert.match(other.stderr, "OTHER_RUN_IN_FOLDER");

      const part = join(run, "tables/metrics/train/part-00000.parquet");
      await flip(part, 100);
      const resumed = await jacoflow(words);
      assert.is(resumed.code, 0, resumed.stderr);
      assert.match(resumed.stderr, `${part} is not what was written`);
      assert.match(
        resumed.stderr,
        /step 0, train: done before, .*\n(.*\n)*.*step 18, train: goes on after sweep 1,/,
      );
      assert.equal(tableHashes(run), tableHashes(whole));
      assert.not.ok(existsSync(join(run, "checkpoints")));

      const again = await jacoflow(words);
      assert.is(again.code, 0);
      assert.match(again.stderr, /^done before: /);

      await flip(part, 100);
      const damaged = await jacoflow(words);
      assert.is(damaged.code, 78);
      assert.match(damaged.stderr, `error DAMAGED_PART ${part}`);
      // What it says to do mends it.
      const [, rebuilding, from, to] = /`jacoflow run (.+) && cp (\S+) (\S+)`/.exec(damaged.stderr)!;
      assert.is((await jacoflow(["run", ...rebuilding.split(" "), "-q"])).code, 0);
      copyFileSync(from, to);
      assert.is((await jacoflow(words)).code, 0);
      assert.equal(tableHashes(run), tableHashes(whole));
    }),
);

/** Training alone, in a second or so, which keeps a state after every step. */
const training = {
  train:
    "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: adam, learningRate: 0.05, batchSize: 10, epochs: 6, checkpointSeconds: 0 } }",
  svd: null,
  project: null,
  parquet: "{ uses: sink/parquet, from: [train.metrics, train.predictions] }",
} as const;

law("the runs of a matrix that were killed go on where they were when the matrix is run again", () =>
  withFolder(async (folder) => {
    writeSmallPipeline(folder, training);
    const file = join(folder, "matrix.yaml");
    writeFileSync(file, "extends: small.yaml\nname: many\nmatrix: { seed: [1, 2] }\n");
    const whole = join(folder, "whole");
    const plain = await jacoflow(["run", file, "--out", whole, "-q"]);
    assert.is(plain.code, 0, plain.stderr);
    const ids = readdirSync(whole).filter((name) => name.startsWith("seed"));
    assert.is(ids.length, 2, ids.join());

    const out = join(folder, "out");
    const words = ["run", file, "--out", out];
    const killed = await jacoflow(words, {
      environment: killedAfter(13, /train\/journal\/state-\d+\.bin$/),
    });
    assert.is(killed.code, 1, killed.stderr);
    const resumed = await jacoflow(words);
    assert.is(resumed.code, 0, resumed.stderr);
    for (const id of ids) {
      assert.equal(tableHashes(join(out, id)), tableHashes(join(whole, id)));
      const said = readFileSync(join(out, id, "log.ndjson"), "utf8");
      assert.match(said, "goes on after step 13, which a checkpoint holds");
    }
  }),
);

law("a run that was stopped by SIGTERM goes on after its last step, however seldom it keeps one", () =>
  withFolder(async (folder) => {
    const train = training.train.replace(
      "epochs: 6, checkpointSeconds: 0",
      "epochs: 300, checkpointSeconds: 3600",
    );
    const file = writeSmallPipeline(folder, {
      ...training,
      train,
      console: "{ uses: sink/console, from: train.metrics }",
    });
    const whole = join(folder, "whole");
    const plain = await jacoflow(["run", file, "--out", whole, "-q"]);
    assert.is(plain.code, 0, plain.stderr);

    const run = join(folder, "run");
    const words = ["run", file, "--resume", run, "-v"];
    const stopped = await stoppedMidway(run, () => {
      let sent = false;
      return jacoflow(words, {
        onOutput: (child, output) => {
          // A second one would end it at once.
          if (sent || output.split("\n").length < 60) return;
          sent = child.kill("SIGTERM");
        },
      });
    });
    assert.is(stopped.code, 143, stopped.stderr);
    const resumed = await jacoflow(words);
    assert.is(resumed.code, 0, resumed.stderr);
    const [, step] = /goes on after step (\d+),/.exec(resumed.stderr) ?? [];
    assert.ok(Number(step) >= 6, resumed.stderr);
    assert.equal(tableHashes(run), tableHashes(whole));
  }),
);

law.run();
