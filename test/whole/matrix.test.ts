import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { filesBelow, leftovers, query, tableHashes } from "../support/tables.js";
import { until } from "../support/waiting.js";

const law = suite("a matrix of runs");

law.before(build);

/** Writes the small pipeline and a file with this matrix on top of it. */
function writeMatrix(folder: string, matrix: string, changes: Parameters<typeof writeSmallPipeline>[1] = {}) {
  writeSmallPipeline(folder, changes);
  const file = join(folder, "matrix.yaml");
  writeFileSync(file, `extends: small.yaml\nname: many\nmatrix: ${matrix}\n`);
  return file;
}

const recordOf = (run: string) => JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
const runFolders = (folder: string) =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name !== "tables" && !name.startsWith(".")) : [];
const index = (folder: string) =>
  query(`select * from '${join(folder, "tables/runs/*.parquet")}' order by id`);

/** Hashes of the tables of every run. */
const hashesOf = (folder: string) => runFolders(folder).map((id) => [id, tableHashes(join(folder, id))]);

law("several at a time leave the same bytes as one after the other, and an index of all", () =>
  withFolder(async (folder) => {
    const file = writeMatrix(
      folder,
      "{ seed: [1, 2], stages.network.with.hidden: [[6], [8, 4]], stages.noise.with.fraction: [0.25] }",
    );
    const [one, two] = [join(folder, "one"), join(folder, "two")];
    const inTurn = await jacoflow(["run", file, "--out", one, "--threads", "1"]);
    assert.is(inTurn.code, 0, inTurn.stderr);
    const together = await jacoflow(["run", file, "--out", two, "--threads", "2", "--jobs", "2", "--json"]);
    assert.is(together.code, 0, together.stderr);
    assert.is(runFolders(one).length, 4);
    assert.equal(hashesOf(two), hashesOf(one));

    const rows = await index(one);
    assert.equal(
      rows
        .map((row) =>
          [
            row.seed,
            row["stages.network.with.hidden"],
            row["stages.noise.with.fraction.number"],
            row.outcome,
          ].join(" "),
        )
        .sort(),
      ["1 [6] 0.25 done", "1 [8,4] 0.25 done", "2 [6] 0.25 done", "2 [8,4] 0.25 done"],
    );
    for (const row of rows) {
      assert.is(row.folder, row.id);
      const metrics = `'${join(one, row.id as string, "tables/metrics/train/*.parquet")}'`;
      const last = `name = 'error' and split = 'test' and step = (select max(step) from ${metrics})`;
      const [{ value }] = await query(`select value from ${metrics} where ${last}`);
      assert.is(row.test_error, value);
      assert.ok(
        (row.label_information_energy as number) > 0 && (row.label_information_energy as number) <= 1,
      );
    }
    const facts = JSON.parse(together.stdout);
    assert.is(facts.outcome, "done");
    assert.is(facts.runs.length, 4);
    const shown = await jacoflow(["inspect", one]);
    for (const { id } of rows) assert.match(shown.stdout, id as string);
    // Nothing is left to do a second time.
    const again = await jacoflow(["run", file, "--out", one, "--threads", "1"]);
    assert.match(again.stderr, "4 done before");
    assert.is(again.code, 0);
    const other = await jacoflow(["run", file, "--out", one, "--set", "stages.train.with.learningRate=0.06"]);
    assert.is(other.code, 78);
    assert.match(other.stderr, "OTHER_RUN_THERE");
  }),
);

law("a run that fails ends no other, and is taken up again", () =>
  withFolder(async (folder) => {
    const file = writeMatrix(folder, "{ stages.svd.with.rank: [8, 100000, 9] }", {
      project: null,
      parquet: "{ uses: sink/parquet, from: [svd.spectrum] }",
    });
    const out = join(folder, "out");
    const ended = await jacoflow(["run", file, "--out", out]);
    assert.is(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, "RANK_TOO_LARGE");
    assert.match(ended.stderr, /RUNS_FAILED\n {2}1 of 3 runs failed: svd.rank-100000_/);
    const outcomes = (await index(out)).map(({ outcome, error }) => `${outcome} ${error}`);
    assert.equal(outcomes.sort(), ["done ", "done ", "failed RANK_TOO_LARGE"]);
    const again = await jacoflow(["run", file, "--out", out]);
    assert.match(again.stderr, "2 done before");
    assert.is(again.code, 1);
  }),
);

law("shares of the runs make up the whole, in one folder with one index", () =>
  withFolder(async (folder) => {
    const file = writeMatrix(folder, "{ seed: [1, 2, 3] }", {
      svd: null,
      project: null,
      parquet: "{ uses: sink/parquet, from: train.metrics }",
    });
    const out = join(folder, "out");
    const listed = await jacoflow(["run", file, "--dry-run", "--shard", "2/2", "--json"]);
    for (const shard of ["1/2", "2/2"]) {
      const { code, stderr } = await jacoflow(["run", file, "--out", out, "--shard", shard]);
      assert.is(code, 0, stderr);
    }
    const rows = await index(out);
    assert.equal(rows.map(({ id }) => id).sort(), runFolders(out).sort());
    assert.is(rows.length, 3);
    assert.equal(
      JSON.parse(listed.stdout).runs.map(({ id }: { id: string }) => id),
      rows.filter(({ seed }) => seed === 2).map(({ id }) => id),
    );
  }),
);

const endlessTraining =
  "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.001, batchSize: 10, epochs: 100000, snapshots: { at: [0] } } }";

/** Endless trainings whose first batch is in a part soon. */
const endlessRuns = {
  train: endlessTraining,
  svd: null,
  project: null,
  parquet: "{ uses: sink/parquet, from: train.metrics }",
} as const;

/** Resolves when so many runs of a folder are training. */
async function begun(out: string, count: number): Promise<readonly string[]> {
  const training = () => runFolders(out).filter((id) => existsSync(join(out, id, "checkpoints/train")));
  await until(`${count} runs are training`, () => training().length >= count);
  return training();
}

law("a run that goes on is not begun again, whichever command began it", () =>
  withFolder(async (folder) => {
    const file = writeMatrix(folder, "{ seed: [1] }", endlessRuns);
    const out = join(folder, "out");
    const words = ["run", file, "--out", out];
    const [id] = /seed-1_\w+/.exec((await jacoflow(["validate", file])).stdout) ?? [""];
    for (const beginning of [words, ["run", file, `--only=${id}`, "--resume", join(out, id)]]) {
      const command = jacoflow(beginning);
      const living = () => {
        const { process } = existsSync(join(out, id, "run.json")) ? recordOf(join(out, id)) : {};
        return existsSync(`/proc/${process?.pid}`) ? process.pid : undefined;
      };
      await until("the run has a process", () => living() !== undefined);
      const pid = living();
      const { code, stderr } = await jacoflow(words);
      process.kill(pid, "SIGKILL");
      assert.is(code, 78, stderr);
      assert.match(stderr, "MATRIX_ACTIVE");
      assert.match(stderr, id);
      if (beginning !== words) assert.match(stderr, `process ${pid} `);
      await command;
    }
    const taken = await jacoflow([...words, "--set", "stages.train.with.epochs=1"]);
    assert.is(taken.code, 0, taken.stderr);
    assert.is(recordOf(join(out, id)).outcome, "done");
    assert.equal(
      readdirSync(out).filter((name) => name.startsWith(".")),
      [],
    );
  }),
);

law("runs whose command was killed end as by SIGTERM, with a checkpoint", () =>
  withFolder(async (folder) => {
    const file = writeMatrix(folder, "{ seed: [1, 2] }", endlessRuns);
    const out = join(folder, "out");
    let training: Promise<readonly string[]> | undefined;
    const killed = await jacoflow(["run", file, "--jobs", "2", "--out", out], {
      onStart: (child) => {
        training = begun(out, 2).finally(() => child.kill("SIGKILL"));
      },
    });
    assert.is(killed.signal, "SIGKILL");
    for (const id of await training!) {
      const run = join(out, id);
      await until("the run has ended", () => recordOf(run).outcome !== "running");
      assert.is(recordOf(run).outcome, "cancelled");
      assert.ok(readdirSync(join(run, "checkpoints/train"), { recursive: true }).length > 0);
      // Its claim goes after its record says how it ended, and nothing tells when: its command is gone.
      await until("nothing is left over", () => leftovers(run).length === 0);
    }
  }),
);

const interrupted = (who: string, among: (run: string) => readonly number[]) =>
  law(`SIGINT to ${who} stops every run cleanly`, () =>
    withFolder(async (folder) => {
      const train = endlessTraining;
      const file = writeMatrix(folder, "{ seed: [1, 2, 3] }", {
        train,
        project: null,
        parquet: "{ uses: sink/parquet, from: [train.metrics, svd.spectrum] }",
      });
      const out = join(folder, "out");
      const ready = () =>
        runFolders(out).filter((id) =>
          filesBelow(join(out, id)).some((name) => name.includes("spectrum/svd/")),
        ).length === 2;
      let sent: Promise<unknown> | undefined;
      const ended = await jacoflow(["run", file, "--out", out, "--jobs", "2"], {
        onOutput: (child) => {
          sent ??= until("two runs have a spectrum", ready).finally(() => {
            child.kill("SIGINT");
            for (const pid of runFolders(out).flatMap((id) => among(join(out, id))))
              process.kill(pid, "SIGINT");
          });
        },
      });
      await sent;
      assert.is(ended.code, 130, ended.stderr);
      const begun = runFolders(out);
      assert.is(begun.length, 2);
      for (const id of begun) {
        assert.is(recordOf(join(out, id)).outcome, "cancelled");
        assert.equal(leftovers(join(out, id)), []);
      }
      assert.equal((await index(out)).map(({ outcome }) => outcome).sort(), [
        "cancelled",
        "cancelled",
        "waiting",
      ]);
    }),
  );

interrupted("the command", () => []);
// As service managers do.
interrupted("every process", (run) => [recordOf(run).process.pid]);

law("one run can be chosen, and what is for many is refused for one", () =>
  withFolder(async (folder) => {
    const file = writeMatrix(folder, "{ seed: [1, 2] }");
    const checked = await jacoflow(["validate", file]);
    assert.match(checked.stdout, /2 runs\n/);
    const [id] = /seed-2_\w+/.exec(checked.stdout) ?? [""];
    const out = join(folder, "out");
    assert.is((await jacoflow(["run", file, "--only", id, "--out", out])).code, 0);
    assert.is(recordOf(out).seed, 2);
    assert.match((await jacoflow(["run", file, "--only", "seed-3"])).stderr, "UNKNOWN_RUN");
    const single = await jacoflow(["run", join(folder, "small.yaml"), "--jobs", "2"]);
    assert.is(single.code, 2);
    assert.match(single.stderr, "NO_MATRIX");
  }),
);

law.run();
