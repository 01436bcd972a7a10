import { suite } from "uvu";
import * as assert from "uvu/assert";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import { predictionsTable } from "../../../schemas/tables/examples.js";
import { defaultProjectionTargets, projectionTargets } from "../../../schemas/tables/projection.js";
import type { Examples } from "../../../stages/examples.js";
import type { JacobianBasis } from "../../../stages/metrics/basis.js";
import { projection } from "../../../stages/metrics/projection.js";
import { openProjector, type ProjectionSetting } from "../../../stages/metrics/projector.js";
import type { ProjectedTarget } from "../../../stages/metrics/table.js";
import { acceptsOptions } from "../../support/stage.js";

const test = suite("stages/metrics/projector");

/** Four examples of three classes; the label of the first was changed from 0 to 1, with probability ½ each. */
const train: Examples = {
  split: "train",
  ids: Int32Array.of(10, 11, 12, 13),
  features: { rows: 4, columns: 1, values: new Float32Array(4) },
  labels: Int32Array.of(1, 1, 2, 0),
  cleanLabels: Int32Array.of(0, 1, 2, 0),
};
const setting: ProjectionSetting = {
  set: {
    ...{ shape: [1], classes: ["a", "b", "c"], train, test: undefined },
    noise: {
      ...{ kind: "pair-flip", fraction: 0.5, splits: ["train"] },
      transition: [
        [0.5, 0.5, 0],
        [0, 0.5, 0.5],
        [0.5, 0, 0.5],
      ],
    },
  },
  ...{ examplesSource: "noise.examples", predictionsSource: "train.predictions" },
  ...{ algebra: inlineAlgebra(), cut: {} },
};

/**
 * A Jacobian of examples 12 and 10, in this order, whose information space is one axis: output 0 of example 10, the
 * fourth of the six rows.
 */
const jacobian: JacobianBasis = {
  ...{ step: 30, epoch: 2, split: "train", classes: 3, ids: Int32Array.of(12, 10) },
  vectors: { rows: 1, columns: 6, values: Float32Array.of(0, 0, 0, 1, 0, 0) },
  singularValues: Float64Array.of(2),
  nextSingularValues: Float64Array.of(1),
  energyShares: Float64Array.of(0.8),
};

const energies = (rows: readonly ProjectedTarget[]) =>
  Object.fromEntries(rows.map((row) => [row.target, row.projection.informationEnergy]));

const near = (found: Readonly<Record<string, number>>, wanted: Readonly<Record<string, number>>) => {
  assert.equal(Object.keys(found), Object.keys(wanted));
  for (const [name, value] of Object.entries(wanted)) {
    assert.ok(Math.abs(found[name] - value) < 1e-12, `${name} is ${found[name]}, not ${value}`);
  }
};

test("every target is that of the Jacobian's own examples in the order of its rows", async () => {
  const projector = await openProjector(jacobian, setting);
  const rows = await projector.labels(projectionTargets);
  near(energies(rows), {
    // y = (0 0 1 | 0 1 0): nothing on the axis.
    label: 0,
    // Minus the mean (0 ½ ½): (0 −½ ½ | 0 ½ −½).
    centred_label: 0,
    // y − E[y | true class] = (−½ 0 ½ | −½ ½ 0).
    label_noise: 0.25,
    // y − clean y = (0 0 0 | −1 1 0).
    label_change: 0.5,
    // clean y = (0 0 1 | 1 0 0).
    clean_label: 0.5,
  });
  for (const row of rows) {
    assert.is(row.step, 30);
    assert.is(row.epoch, 2);
    assert.is(row.jacobianStep, 30);
  }
});

test("clean labels are projected only where they are asked for", async () => {
  assert.not.ok((defaultProjectionTargets as readonly string[]).includes("clean_label"));
  const projector = await openProjector(jacobian, setting);
  const [row, ...others] = await projector.labels(["clean_label"]);
  assert.equal(others, []);
  assert.is(row.target, "clean_label");
  assert.ok(Math.abs(row.constantEnergy - 0.5) < 1e-12);
  assert.ok(acceptsOptions(projection, { targets: ["clean_label", "label"] }));
  assert.not.ok(acceptsOptions(projection, { targets: ["clean"] }));
});

test("without noise clean labels and labels are the same vector", async () => {
  const unchanged = { ...train, labels: train.cleanLabels };
  const projector = await openProjector(jacobian, {
    ...setting,
    set: { ...setting.set, noise: undefined, train: unchanged },
  });
  const rows = await projector.labels(["clean_label", "label", "label_change", "label_noise"]);
  assert.equal(rows[0].projection, rows[1].projection);
  assert.ok(Number.isNaN(rows[2].projection.informationRatio));
  assert.ok(Number.isNaN(rows[3].projection.informationRatio));
});

test("residuals find their examples by id; another split's predictions give none", async () => {
  const projector = await openProjector(jacobian, setting);
  const predicted = (split: "train" | "test") =>
    predictionsTable(3).batch(
      {
        ...{ stage: "train", step: 60, epoch: 4, split, id: train.ids },
        // Example 10 at 3 on the axis, the others where their labels are.
        values: Float32Array.of(3, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0),
      },
      4,
    );
  const [row] = await projector.residuals([predicted("test"), predicted("train")]);
  assert.is(row?.step, 60);
  assert.is(row?.jacobianStep, 30);
  assert.is(row?.projection.informationNorm, 3);
  assert.is(row?.projection.nuisanceNorm, 0);
  assert.is(row?.projection.pseudoInverseNorm, 1.5);
  assert.equal(await projector.residuals([predicted("test")]), []);
});

test("the residual is that of the loss the predictions come from, unless another is asked for", async () => {
  const logits = Float32Array.of(0, 0, 0, Math.log(2), 0, 0);
  const energy = async (
    trained: "squared" | "cross-entropy" | undefined,
    asked: Partial<ProjectionSetting>,
  ) => {
    const batch = predictionsTable(3, trained).batch(
      { stage: "train", step: 0, epoch: 0, split: "train", id: Int32Array.of(12, 10), values: logits },
      2,
    );
    const projector = await openProjector(jacobian, { ...setting, ...asked });
    return (await projector.residuals([batch]))[0].projection.informationEnergy;
  };
  // Examples 12 and 10 with labels 2 and 1: f − y = (0 0 −1 | ln 2 −1 0).
  const squared = Math.log(2) ** 2 / (Math.log(2) ** 2 + 2);
  // softmax(f) − y = (⅓ ⅓ −⅔ | ½ −¾ ¼).
  const crossEntropy = 0.25 / (6 / 9 + 0.25 + 9 / 16 + 1 / 16);
  for (const [trained, asked, wanted] of [
    [undefined, {}, squared],
    ["squared", {}, squared],
    ["cross-entropy", {}, crossEntropy],
    ["cross-entropy", { loss: "squared" }, squared],
    [undefined, { loss: "cross-entropy" }, crossEntropy],
  ] as const) {
    const found = await energy(trained, asked);
    assert.ok(Math.abs(found - wanted) < 1e-7, `${trained}: ${found}, not ${wanted}`);
  }
});

test.run();
