import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { init } from "../../../stages/network/init.js";
import { readSnapshot } from "../../../stages/snapshot.js";
import { gradientDescent } from "../../../stages/train/gradient-descent.js";
import { examplesBatch } from "../../support/examples.js";
import { runStage } from "../../support/stage.js";

const test = suite<{ engine: Engine }>("a training that diverges");

test.before(async (context) => {
  context.engine = await createEngine("native");
});
test.after(({ engine }) => engine.close());

const examples = examplesBatch({
  train: Array.from({ length: 24 }, (_, row) => row % 2),
  test: [0, 1, 0, 1],
  classes: ["left", "right"],
  shape: [3],
  feature: (row, place) => (place === 0 ? 2 * (row % 2) - 1 : Math.sin(row * 3 + place)),
});

let cached: RecordBatch | undefined;
async function start(): Promise<RecordBatch> {
  const options = { architecture: "mlp", hidden: [6], activation: "linear" };
  cached ??= (await runStage(init, { options, inputs: { examples: [examples] } })).batches.snapshots[0];
  return cached;
}

/** Far too large a rate for so many halvings until it is not. */
async function train(engine: Engine, options: object) {
  const result = await runStage(gradientDescent, {
    options: { learningRate: 50, epochs: 60, batchSize: 8, ...options },
    inputs: { examples: [examples], parameters: [await start()] },
    engine,
  });
  const rows = result.batches.metrics.flatMap((batch) => {
    const { step, split, name, value, length } = metrics.read(batch);
    return Array.from({ length }, (_, at) => ({
      step: Number(step[at]),
      split: split[at],
      name: name[at],
      value: value[at],
    }));
  });
  const series = (name: string, split = "train") =>
    rows
      .filter((row) => row.name === name && row.split === split)
      .map(({ step, value }) => [step, value] as const);
  const warnings = result.logs.filter(({ level }) => level === "warning").map(({ message }) => message);
  return { ...result, error: result.error as JacoflowError | undefined, rows, series, warnings };
}

test("stop: the rows that show it are the last, and the error has step, epoch and rate", async ({
  engine,
}) => {
  const { error, series, batches } = await train(engine, { snapshots: { every: 1 } });
  assert.is(error?.code, "TRAINING_DIVERGED");
  const losses = series("loss");
  const [step, value] = losses.at(-1)!;
  assert.not.ok(Number.isFinite(value));
  assert.ok(losses.slice(0, -1).every(([, loss]) => Number.isFinite(loss)));
  assert.match(error!.message, new RegExp(`after ${step} steps \\(epoch [\\d.]+, learning rate 50\\)`));
  for (const batch of batches.snapshots) assert.ok(readSnapshot(batch, "").parameters.every(Number.isFinite));
});

test("continue: every moment has its rows, NaN among them, and one warning says so", async ({ engine }) => {
  const { error, series, batches, warnings } = await train(engine, {
    onDivergence: "continue",
    snapshots: { at: [0, 60] },
  });
  assert.is(error, undefined);
  assert.equal(
    series("loss").map(([step]) => step),
    Array.from({ length: 61 }, (_, epoch) => 3 * epoch),
  );
  assert.not.ok(Number.isFinite(series("loss", "test").at(-1)![1]));
  assert.is(batches.predictions.length, 2 * 61);
  assert.ok(predictionsTable(2).read(batches.predictions.at(-1)!).values.some(Number.isNaN));
  assert.is(batches.snapshots.length, 2);
  assert.is(warnings.length, 1);
  assert.match(warnings[0], /the loss is .* after \d+ steps \(epoch .*, learning rate 50\)/);
});

test("halve-rate: it learns at a rate that is halved, every row once, the loss that was not finite among them", async ({
  engine,
}) => {
  const options = { onDivergence: "halve-rate", halvings: 20, snapshots: { every: 7, unit: "steps" } };
  const { error, rows, series, batches, warnings } = await train(engine, options);
  assert.is(error, undefined);
  assert.is(new Set(rows.map(({ step, split, name }) => `${step} ${split} ${name}`)).size, rows.length);
  const broken = series("loss").filter(([, value]) => !Number.isFinite(value));
  assert.is(broken.length, warnings.length);
  assert.ok(warnings.length > 0);
  for (const [at, warning] of warnings.entries()) {
    assert.match(warning, `after ${broken[at][0]} steps`);
    assert.match(warning, `learning rate ${50 / 2 ** at})`);
    assert.match(warning, /it goes on from the network after \d+ steps with half the learning rate/);
  }
  const steps = batches.snapshots.map((batch) => readSnapshot(batch, "").step);
  assert.equal(steps, [...Array.from({ length: 26 }, (_, at) => 7 * at), 180]);
  for (const batch of batches.snapshots) assert.ok(readSnapshot(batch, "").parameters.every(Number.isFinite));
  assert.is(batches.predictions.length, 2 * 61);
  const losses = series("loss");
  assert.is(losses.at(-1)![0], 180);
  assert.ok(losses.at(-1)![1] < losses[0][1] / 2);
  assert.is(series("learning_rate").at(-1)![1], 50 / 2 ** warnings.length);
});

for (const optimizer of ["momentum", "adam"]) {
  test(`halve-rate with ${optimizer}: the same bytes again`, async ({ engine }) => {
    const options = { optimizer, onDivergence: "halve-rate", halvings: 40, learningRate: 1e30, epochs: 4 };
    const [one, two] = [await train(engine, options), await train(engine, options)];
    assert.ok(one.warnings.length > 0);
    assert.equal(one.rows, two.rows);
  });
}

test("halve-rate ends where the rate was halved as often as it may be, with the rate it ended at", async ({
  engine,
}) => {
  const often = await train(engine, { onDivergence: "halve-rate", halvings: 2 });
  assert.is(often.error?.code, "TRAINING_DIVERGED");
  assert.is(often.warnings.length, 2);
  assert.match(often.error!.message, "learning rate 12.5");
  assert.not.ok(Number.isFinite(often.series("loss").at(-1)![1]));
});

test.run();
