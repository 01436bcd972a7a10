import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { leftovers, partsOf, query } from "../support/tables.js";

const law = suite("a training that diverges in a whole pipeline");

law.before(build);

const sinks = {
  report: "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }",
  lines: "{ uses: sink/ndjson, from: [train.metrics] }",
} as const;

/** A rate at which the loss overflows in the first epoch. */
const train = (policy: string, snapshots: string) =>
  `{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 1.0e+6, batchSize: 10, epochs: 6, ${policy}, snapshots: { at: ${snapshots} } } }`;

const projecting = (jacobians: string) =>
  `{ uses: metrics/projection, from: [noise, svd.basis, train.predictions], with: { rank: 8, jacobian: ${jacobians} } }`;

const outcomeOf = (run: string) => JSON.parse(readFileSync(join(run, "run.json"), "utf8")).outcome;

/** Steps of the losses of the training examples, and whether each is finite. */
const losses = async (run: string) =>
  (
    await query(
      `select step, isfinite(value) as finite from ${partsOf(run, "metrics", "train")} where name = 'loss' and split = 'train' order by step`,
    )
  ).map(({ step, finite }) => [Number(step), finite] as const);

const everyEpoch = [0, 6, 12, 18, 24, 30, 36];

/** The sinks have every row that was sent, the report is whole, and nothing half-written is left. */
async function assertKept(run: string): Promise<void> {
  assert.equal(leftovers(run), []);
  assert.match(readFileSync(join(run, "report.html"), "utf8"), /<\/html>\n$/);
  const lines = readFileSync(join(run, "rows.ndjson"), "utf8").trimEnd().split("\n");
  const [{ rows }] = await query(`select count(*) as rows from ${partsOf(run, "metrics", "train")}`);
  assert.is(lines.length, Number(rows));
}

law(
  "continue, with a Jacobian of the network before: it is done, and what was not finite has rows of NaN",
  () =>
    withFolder(async (folder) => {
      const run = join(folder, "run");
      const file = writeSmallPipeline(folder, {
        ...{ train: train("onDivergence: continue", "[0]"), project: projecting("[initial]") },
        ...sinks,
      });
      const { code, stderr } = await jacoflow(["run", file, "--out", run]);
      assert.is(code, 0, stderr);
      assert.match(stderr, /warning: train: the loss is \S+ after 6 steps/);
      assert.is(outcomeOf(run), "done");
      assert.equal(
        await losses(run),
        everyEpoch.map((step) => [step, step === 0]),
      );
      const projections = await query(
        `select step, target, isnan(nuisance_norm) as broken from ${partsOf(run, "projection", "project")} where split = 'train' order by step, target`,
      );
      const residuals = projections.filter(({ target }) => target === "residual");
      assert.equal(
        residuals.map(({ step, broken }) => [Number(step), broken]),
        everyEpoch.map((step) => [step, step > 0]),
      );
      // Labels are what they were, whatever became of the network.
      assert.ok(projections.some(({ target }) => target !== "residual"));
      for (const { target, broken } of projections)
        if (target !== "residual") assert.not.ok(broken, `${target}`);
      await assertKept(run);
    }),
);

law("continue, with a Jacobian of the network after: one clear error, and what came before it is kept", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const changes = { train: train("onDivergence: continue", "[0, 6]"), ...sinks };
    const file = writeSmallPipeline(folder, changes);
    const { code, stderr } = await jacoflow(["run", file, "--out", run]);
    assert.is(code, 1, stderr);
    assert.match(
      stderr,
      /error NON_FINITE_NETWORK stages\.svd\n.*step 36: number \d+ of tensor "\S+" is NaN/,
    );
    assert.is(outcomeOf(run), "failed");
    const steps = await query(
      `select distinct jacobian_step as step from ${partsOf(run, "spectrum", "svd")} where isfinite(singular_value)`,
    );
    assert.equal(
      steps.map(({ step }) => Number(step)),
      [0],
    );
    assert.ok((await losses(run)).some(([, finite]) => finite === false));
    await assertKept(run);
  }),
);

law("halve-rate: every snapshot is finite and has its spectrum, and the run is done", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const file = writeSmallPipeline(folder, {
      train: train("onDivergence: halve-rate, halvings: 40", "[0, 3, 6]"),
      ...sinks,
    });
    const { code, stderr } = await jacoflow(["run", file, "--out", run]);
    assert.is(code, 0, stderr);
    assert.match(stderr, /with half the learning rate/);
    assert.is(outcomeOf(run), "done");
    const spectra = await query(
      `select jacobian_step as step, bool_and(isfinite(singular_value)) as finite from ${partsOf(run, "spectrum", "svd")} group by step order by step`,
    );
    assert.equal(
      spectra.map(({ step, finite }) => [Number(step), finite]),
      [0, 18, 36].map((step) => [step, true]),
    );
    assert.ok((await losses(run)).at(-1)![1]);
    await assertKept(run);
  }),
);

law.run();
