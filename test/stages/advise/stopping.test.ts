import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { advice } from "../../../schemas/tables/advice.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { projection } from "../../../schemas/tables/projection.js";
import { stopping } from "../../../stages/advise/stopping.js";
import { runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/advise/stopping");

const [rank, dimension] = [50, 1250];
const steps = [0, 10, 20, 30];

/** Residuals whose excess over noise of deviation 0.4 is as given, on the Jacobian of a step. */
const residuals = (excesses: readonly number[], jacobianStep = 0, split: "train" | "test" = "train") =>
  excesses.map((over, at) =>
    projection.batch(
      {
        ...{ stage: "project", step: steps[at], epoch: steps[at] / 10, split, jacobian_step: jacobianStep },
        ...{ target: ["label", "residual"], rank, cutoff: 1, gap: 2, information_ratio: 0.5 },
        information_norm: [9, 0.4 * Math.sqrt(rank * over)],
        nuisance_norm: [9, 0.4 * Math.sqrt(dimension - rank)],
        ...{ nuisance_ratio: 0.5, information_energy: 0.25, pseudo_inverse_norm: 1, constant_energy: 0.3 },
        random_ratio: Math.sqrt(rank / dimension),
      },
      2,
    ),
  );
const errors = (values: readonly number[]) =>
  values.map((value, at) =>
    metrics.batch(
      {
        ...{ stage: "train", step: steps[at], epoch: steps[at] / 10, split: ["train", "test"] as const },
        ...{ name: "error", value: [0, value] },
      },
      2,
    ),
  );
const fall = [30, 4, 1.1, 0.9];

test("the first residual at noise level is the advice; the best and the last stand beside it in hindsight", async () => {
  const inputs = { projection: residuals(fall), metrics: errors([0.6, 0.2, 0.25, 0.5]) };
  const { advice: sent } = await sentBy(stopping, { inputs });
  const table = advice.read(sent[0]);
  assert.equal([...table.choice], ["advised", "best", "last"]);
  assert.equal([...table.reason], ["noise-level", "hindsight", "hindsight"]);
  assert.equal([...table.step].map(Number), [20, 10, 30]);
  assert.equal([...table.epoch], [2, 1, 3]);
  assert.equal([...table.test_error], [0.25, 0.2, 0.5]);
  table.excess.forEach((value, row) => {
    assert.ok(Math.abs(value - [1.1, 4, 0.9][row]) < 1e-9);
  });
  assert.ok(table.noise.every((value) => Math.abs(value - 0.4) < 1e-9));
  assert.ok(Math.abs(table.gamma[0] - Math.log(30 / table.threshold[0]) / 2) < 1e-9);
});

test("test errors change nothing of the advice: any, or none", async () => {
  const advised = async (given: object) => {
    const { advice: sent } = await sentBy(stopping, { inputs: { projection: residuals(fall), ...given } });
    const { choice, step, excess, threshold, length } = advice.read(sent[0]);
    return { rows: length, first: [choice[0], step[0], excess[0], threshold[0]] };
  };
  const without = await advised({});
  assert.is(without.rows, 1);
  assert.equal(without.first, (await advised({ metrics: errors([0, 0, 0, 0]) })).first);
  assert.equal(without.first, (await advised({ metrics: errors([0.1, 0.9, 0.9, 0.9]) })).first);
});

test("residuals on later Jacobians, of the test split and of other targets do not count, in whatever order they come", async () => {
  const own = residuals(fall).toReversed();
  const other = [...residuals([0.5, 0.5, 0.5, 0.5], 30), ...residuals([0.1, 0.1, 0.1, 0.1], 0, "test")];
  const first = await sentBy(stopping, { inputs: { projection: own } });
  const mixed = await sentBy(stopping, { inputs: { projection: [...other, ...own, ...other] } });
  assert.equal(advice.read(mixed.advice[0]).step, advice.read(first.advice[0]).step);
  assert.is(advice.read(mixed.advice[0]).jacobian_step[0], 0n);
});

test("a residual that never comes down to noise is told with a warning", async () => {
  const { batches, logs } = await runStage(stopping, { inputs: { projection: residuals([9, 5, 3, 4]) } });
  const { reason, step } = advice.read(batches.advice[0]);
  assert.equal([reason[0], step[0]], ["least-excess", 20n]);
  assert.is(logs[0].level, "warning");
});

test("without residuals, or without a nuisance space, there is an error with its code", async () => {
  const code = async (batches: readonly ReturnType<typeof projection.batch>[]) =>
    ((await runStage(stopping, { inputs: { projection: batches } })).error as JacoflowError).code;
  assert.is(await code([]), "NO_RESIDUALS");
  assert.is(await code(residuals(fall, 0, "test")), "NO_RESIDUALS");
  const whole = projection.batch(
    {
      ...{ stage: "project", step: 0, epoch: 0, split: "train", jacobian_step: 0, target: "residual" },
      ...{ rank, cutoff: 1, gap: 2, information_norm: 1, nuisance_norm: 0, information_ratio: 1 },
      ...{ nuisance_ratio: 0, information_energy: 1, pseudo_inverse_norm: 1, constant_energy: 0.3 },
      random_ratio: 1,
    },
    1,
  );
  assert.is(await code([whole]), "NO_NUISANCE_SPACE");
});

test.run();
