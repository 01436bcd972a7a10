import type { RecordBatch } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { init } from "../../../stages/network/init.js";
import { readSnapshot, snapshotWriter } from "../../../stages/snapshot.js";
import { gradientDescent } from "../../../stages/train/gradient-descent.js";
import { type ExampleRows, examplesBatch } from "../../support/examples.js";
import { type GoldenName, golden, goldenTraining } from "../../support/golden.js";
import { acceptsOptions, checkStage, runStage, type Trial } from "../../support/stage.js";

const test = suite<{ engine: Engine }>("stages/train/gradient-descent");

test.before(async (context) => {
  context.engine = await createEngine("wasm");
});
test.after(async ({ engine }) => {
  await engine.close();
});

/** Two classes told apart by the sign of the first feature; 21 training and 8 test examples. */
const rows: ExampleRows = {
  train: Array.from({ length: 21 }, (_, row) => row % 2),
  test: Array.from({ length: 8 }, (_, row) => row % 2),
  classes: ["left", "right"],
  shape: [3],
  feature: (row, place) => {
    const label = row < 21 ? row % 2 : (row - 21) % 2;
    return place === 0 ? (label === 0 ? -1 : 1) : Math.sin(row * 3 + place);
  },
};

let cached: RecordBatch | undefined;
async function startOf(given: ExampleRows = rows): Promise<RecordBatch> {
  if (given === rows && cached !== undefined) return cached;
  const { batches } = await runStage(init, {
    options: { architecture: "mlp", hidden: [6] },
    inputs: { examples: [examplesBatch(given)] },
  });
  if (given === rows) cached = batches.snapshots[0];
  return batches.snapshots[0];
}

async function train(engine: Engine, options: object, trial: Partial<Trial> & { rows?: ExampleRows } = {}) {
  const given = trial.rows ?? rows;
  const result = await runStage(gradientDescent, {
    options: { learningRate: 0.1, epochs: 3, ...options },
    inputs: { examples: [examplesBatch(given)], parameters: [await startOf(given)] },
    engine,
    ...trial,
  });
  const points = result.batches.metrics.flatMap((batch) => {
    const read = metrics.read(batch);
    return Array.from(read.value, (value, at) => ({
      step: Number(read.step[at]),
      epoch: read.epoch[at],
      split: read.split[at],
      name: read.name[at],
      value,
    }));
  });
  const series = (name: string, split = "train") =>
    points
      .filter((point) => point.name === name && point.split === split)
      .map(({ step, value }) => [step, value] as const);
  return { ...result, error: result.error as JacoflowError | undefined, points, series };
}

function goldenRows(name: GoldenName): { rows: ExampleRows; start: RecordBatch } {
  const { network, parameters, features, labels } = golden(name);
  return {
    rows: {
      train: [...labels],
      shape: network.input,
      feature: (row, place) => features.values[row * features.columns + place],
    },
    start: snapshotWriter(network).batch(0, 0, parameters),
  };
}

const goldenRuns: readonly (readonly [GoldenName, string])[] = [
  ...["squared", "cross-entropy"].flatMap((loss) =>
    ["gd", "momentum", "adam"].flatMap((optimizer) =>
      (["mlp-tanh", "one-hidden-softplus"] as const).map((name) => [name, `${loss}/${optimizer}`] as const),
    ),
  ),
  ["cnn-pool", "squared/gd"],
  ["cnn-pool", "cross-entropy/adam"],
];

for (const [name, run] of goldenRuns) {
  test(`${name}, ${run}: loss, error and distance follow the golden twelve steps`, async ({ engine }) => {
    const { learningRate, rows: wanted } = goldenTraining(name)[run];
    const { rows: given, start } = goldenRows(name);
    const [loss, optimizer] = run.split("/");
    const options = { loss, optimizer, learningRate, epochs: 12, normalisation: "moving" };
    const inputs = { examples: [examplesBatch(given)], parameters: [start] };
    const { series, error } = await train(engine, options, { rows: given, inputs });
    assert.is(error, undefined);
    const close = (
      what: string,
      found: readonly (readonly [number, number])[],
      key: "loss" | "distance",
      tolerance: number,
    ) => {
      assert.equal(
        found.map(([step]) => step),
        wanted.map(({ step }) => step),
      );
      found.forEach(([step, value], at) => {
        assert.ok(
          Math.abs(value - wanted[at][key]) <= tolerance * Math.abs(wanted[at][key]),
          `${what} ${step}: ${value}, not ${wanted[at][key]}`,
        );
      });
    };
    close("loss", series("loss"), "loss", 1e-4);
    close("distance", series("parameter_distance"), "distance", 1e-3);
    // One example may fall on the other side of a tie in float32.
    series("error").forEach(([, value], at) => {
      assert.ok(Math.abs(value - wanted[at].error) <= 1 / given.train.length + 1e-9);
    });
  });
}

test("an epoch is ⌈n / size⌉ steps; evaluations are one metrics batch, with the start and the end", async ({
  engine,
}) => {
  const { batches, points, error, progress } = await train(engine, {
    batchSize: 8,
    epochs: 3,
    evaluate: { every: 2 },
  });
  assert.is(error, undefined);
  assert.is(batches.metrics.length, 3);
  assert.equal([...new Set(points.map(({ step, epoch }) => `${step} ${epoch}`))], ["0 0", "6 2", "9 3"]);
  assert.equal(
    points.filter(({ step }) => step === 6).map(({ name, split }) => `${split} ${name}`),
    [
      "train loss",
      "train error",
      "train clean_error",
      "test loss",
      "test error",
      "test clean_error",
      "train parameter_distance",
      "train learning_rate",
    ],
  );
  assert.equal(progress.at(-1), { done: 9, total: 9, unit: "steps" });
  assert.is(new Set(batches.metrics.map(({ schema }) => schema)).size, 1);
});

test("it learns: the training loss falls to a tenth and the labels are right", async ({ engine }) => {
  const { series } = await train(engine, { batchSize: 4, epochs: 40 });
  const loss = series("loss");
  assert.ok(loss.at(-1)![1] < loss[0][1] / 10, String(loss));
  assert.is(series("error").at(-1)![1], 0);
  const distance = series("parameter_distance");
  assert.is(distance[0][1], 0);
  assert.ok(distance.at(-1)![1] > 0);
});

test("predictions are the outputs of the step they name: the metrics follow from them", async ({
  engine,
}) => {
  const { batches, series } = await train(engine, { batchSize: 8, epochs: 2 });
  const table = predictionsTable(2);
  const losses = batches.predictions
    .map((batch) => table.read(batch))
    .filter((read) => read.split[0] === "test")
    .map((read) => {
      assert.equal([...read.id], [0, 1, 2, 3, 4, 5, 6, 7]);
      let sum = 0;
      read.values.forEach((value, at) => {
        sum += (value - (at % 2 === Math.floor(at / 2) % 2 ? 1 : 0)) ** 2 / 2;
      });
      return [Number(read.step[0]), sum / 8] as const;
    });
  series("loss", "test").forEach(([step, value], at) => {
    assert.is(losses[at][0], step);
    assert.ok(Math.abs(losses[at][1] - value) < 1e-9);
  });
  assert.is(losses.length, 3);
});

test("snapshots are sent at their moments, with the parameters of the moment", async ({ engine }) => {
  const snapshotsOf = async (options: object) =>
    (await train(engine, { batchSize: 8, ...options })).batches.snapshots.map((batch) =>
      readSnapshot(batch, "t"),
    );
  const steps = async (options: object) => (await snapshotsOf(options)).map(({ step }) => step);
  assert.equal(await steps({}), [0, 9]);
  assert.equal(await steps({ snapshots: { at: [0, 1] } }), [0, 3]);
  assert.equal(await steps({ snapshots: { every: 4, unit: "steps" } }), [0, 4, 8, 9]);
  assert.equal(await steps({ snapshots: { geometric: 2 } }), [0, 3, 6, 9]);
  assert.equal(await steps({ epochs: 0 }), [0]);
  const all = await snapshotsOf({ snapshots: { every: 1, unit: "steps" } });
  assert.equal(all[0].parameters, readSnapshot(await startOf(), "s").parameters);
  for (let at = 1; at < all.length; at += 1) {
    assert.not.equal(all[at].parameters, all[at - 1].parameters, "later steps leave a sent snapshot alone");
  }
  // Fewer evaluations and snapshots change no number.
  const [, last] = await snapshotsOf({ evaluate: { every: 3, split: "test" } });
  assert.equal(last.parameters, all[9].parameters);
  assert.is(last.epoch, 3);
});

test("same seed, same numbers; another seed, another order", async ({ engine }) => {
  const values = async (seed: string) =>
    (await train(engine, { batchSize: 4 }, { seed })).points.map(({ value }) => value);
  assert.equal(await values("a"), await values("a"));
  assert.not.equal(await values("a"), await values("b"));
});

test("training starts from the last of the snapshots it is given, at step 0", async ({ engine }) => {
  const first = await train(engine, { epochs: 2, snapshots: { every: 1 } });
  const inputs = { examples: [examplesBatch(rows)], parameters: first.batches.snapshots };
  const second = await train(engine, { epochs: 1 }, { inputs });
  assert.is(second.series("loss")[0][1], first.series("loss")[2][1]);
  assert.is(second.series("parameter_distance")[0][1], 0);
});

test("the schedule multiplies the rate, and the rate reported is the next step's", async ({ engine }) => {
  const schedule = [{ epoch: 1, factor: 0.5 }];
  const { series, batches } = await train(engine, { epochs: 2, schedule, snapshots: { every: 1 } });
  assert.equal(series("learning_rate"), [
    [0, 0.1],
    [1, 0.05],
    [2, 0.05],
  ]);
  const plain = await train(engine, { epochs: 2, snapshots: { every: 1 } });
  const step = (of: readonly RecordBatch[]) => {
    const [before, after] = [of[1], of[2]].map((batch) => readSnapshot(batch, "t").parameters);
    return after.map((value, at) => value - before[at]);
  };
  const halved = step(batches.snapshots);
  step(plain.batches.snapshots).forEach((value, at) => {
    assert.ok(Math.abs(halved[at] - value / 2) < 1e-6);
  });
});

test("evaluate.split narrows what is measured; a split that is not there is an error only when asked for", async ({
  engine,
}) => {
  const narrowed = await train(engine, { evaluate: { split: "test" } });
  assert.equal(
    [...new Set(narrowed.points.map(({ split, name }) => `${split} ${name}`))],
    ["test loss", "test error", "test clean_error", "train parameter_distance", "train learning_rate"],
  );
  const trainOnly: ExampleRows = { ...rows, test: [] };
  const without = await train(engine, {}, { rows: trainOnly });
  assert.is(without.error, undefined);
  assert.ok(without.points.every(({ split }) => split === "train"));
  const asked = await train(engine, { evaluate: { split: ["train", "test"] } }, { rows: trainOnly });
  assert.is(asked.error?.code, "NO_SPLIT");
});

test("a diverging run sends the rows that show it, then fails; no broken predictions or snapshots", async ({
  engine,
}) => {
  const { error, series, batches } = await train(engine, {
    learningRate: 1e20,
    epochs: 50,
    snapshots: { every: 1 },
  });
  assert.is(error?.code, "TRAINING_DIVERGED");
  assert.is(error?.exitCode, 1);
  const losses = series("loss");
  assert.not.ok(Number.isFinite(losses.at(-1)![1]));
  assert.ok(losses.slice(0, -1).every(([, value]) => Number.isFinite(value)));
  assert.is(series("error").at(-1)?.[0], losses.at(-1)?.[0]);
  for (const batch of batches.predictions)
    assert.ok(predictionsTable(2).read(batch).values.every(Number.isFinite));
});

test("a batch above n, gd in batches, no training examples, labels without an output are errors of the file", async ({
  engine,
}) => {
  const code = async (options: object, trial: { rows?: ExampleRows } = {}) => {
    const { error, batches } = await train(engine, options, trial);
    assert.is(error?.exitCode, 78);
    assert.is(batches.metrics.length + batches.snapshots.length + batches.predictions.length, 0);
    return error?.code;
  };
  assert.is(await code({ batchSize: 22 }), "BATCH_TOO_LARGE");
  assert.is(await code({ optimizer: "gd", batchSize: 21 }), "GRADIENT_DESCENT_BATCH");
  assert.is(await code({ snapshots: { at: [4], unit: "steps" } }), "PAST_THE_END");
  const start = await startOf();
  const other = async (given: ExampleRows) =>
    (
      await runStage(gradientDescent, {
        options: { learningRate: 0.1, epochs: 1 },
        inputs: { examples: [examplesBatch(given)], parameters: [start] },
        engine,
      })
    ).error as JacoflowError;
  assert.is((await other({ train: [], test: [0, 1], shape: [3] })).code, "NO_TRAINING_EXAMPLES");
  assert.is((await other({ train: [0, 2], shape: [3] })).code, "LABEL_OUT_OF_RANGE");
  assert.is((await other({ train: [0, 1], classes: ["a", "b", "c"], shape: [3] })).code, "NETWORK_OUTPUTS");
});

test("a stopped run stops before the next step", async ({ engine }) => {
  const stop = new AbortController();
  const { error, points } = await train(
    engine,
    { epochs: 100 },
    {
      signal: stop.signal,
      onSend: (port, batch) => {
        if (port === "metrics" && metrics.read(batch).epoch[0] === 3) stop.abort(new Error("stop"));
      },
    },
  );
  assert.is(error?.message, "stop");
  assert.is(points.at(-1)?.step, 3);
});

test("validate finds rules that exclude each other and moments past the end", async () => {
  const found = async (options: object) =>
    (await checkStage(gradientDescent, { learningRate: 0.1, epochs: 10, ...options })).map(
      ({ code, place }) => `${code} ${place}`,
    );
  assert.equal(await found({}), []);
  assert.equal(await found({ optimizer: "gd", batchSize: 3, snapshots: {} }), [
    "GRADIENT_DESCENT_BATCH stages.tested.with.batchSize",
    "SNAPSHOT_RULE stages.tested.with.snapshots",
  ]);
  assert.equal(await found({ snapshots: { every: 1, at: [1] } }), [
    "SNAPSHOT_RULE stages.tested.with.snapshots",
  ]);
  assert.equal(await found({ snapshots: { at: [10, 11] } }), [
    "PAST_THE_END stages.tested.with.snapshots.at[1]",
  ]);
  assert.equal(await found({ snapshots: { at: [11], unit: "steps" } }), []);
});

test("refuses options it does not know and values that make no sense", () => {
  const good = { learningRate: 0.1, epochs: 1 };
  assert.ok(acceptsOptions(gradientDescent, { ...good, batchSize: "full", evaluate: { split: ["test"] } }));
  for (const wrong of [
    { learningRate: 0 },
    { epochs: 1.5 },
    { batchSize: 0 },
    { batchSize: "half" },
    { optimizer: "rmsprop" },
    { loss: "hinge" },
    { momentum: 1 },
    { schedule: [{ epoch: 1 }] },
    { snapshots: { geometric: 1 } },
    { snapshots: { unit: "minutes", every: 1 } },
    { evaluate: { every: 0 } },
    { rate: 1 },
  ]) {
    assert.not(acceptsOptions(gradientDescent, { ...good, ...wrong }), JSON.stringify(wrong));
  }
  assert.not(acceptsOptions(gradientDescent, { epochs: 1 }));
});

test.run();
