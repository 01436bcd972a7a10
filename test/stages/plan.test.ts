import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createEngine } from "../../engine/engines.js";
import type { PlanContext, PlannedTable, StagePlan } from "../../pipeline/stage.js";
import { type AnyStage, optionsOf } from "../../plugins/kit/trial.js";
import { gaussianMixture } from "../../stages/data/gaussian-mixture.js";
import { idx } from "../../stages/data/idx.js";
import { table } from "../../stages/data/table.js";
import { readExamples } from "../../stages/examples.js";
import { noise } from "../../stages/labels/noise.js";
import { init } from "../../stages/network/init.js";
import { readSnapshot } from "../../stages/snapshot.js";
import { gradientDescent } from "../../stages/train/gradient-descent.js";
import { withFolder } from "../support/folder.js";
import { goldenPath } from "../support/golden.js";
import { writeStripes } from "../support/smallPipeline.js";
import { sentBy, type Trial } from "../support/stage.js";

const test = suite("a stage's plan");

type Planned = NonNullable<StagePlan["outputs"]>;

async function planOf(
  stage: AnyStage,
  options: NonNullable<Trial["options"]>,
  folder: string,
  inputs: Readonly<Record<string, PlannedTable | undefined>> = {},
): Promise<Planned> {
  const context: PlanContext = {
    place: "stages.tested",
    inputs,
    rates: { network: 1e11, held: 1e11, algebra: 1e10, reduction: 1e9 },
    memoryLimit: 1e9,
    resolvePath: (path) => `${folder}/${path}`,
  };
  return (await stage.plan?.(optionsOf(stage, options), context))?.outputs ?? {};
}

const golden = dirname(fileURLToPath(goldenPath("mlp-tanh", "examples.arrow")));

for (const [stage, options] of [
  [idx, { path: "stripes", train: 31, test: 0 }],
  [idx, { path: "stripes", classes: [2, 0], test: 7 }],
  [idx, { path: "stripes" }],
  [gaussianMixture, { classes: 3, dimension: 5, train: 10, test: 4 }],
  [gaussianMixture, { classes: 2, dimension: 3, train: 5 }],
  [table, { path: "examples.arrow" }],
] as const) {
  test(`${stage.name} sends the examples its plan says: ${JSON.stringify(options)}`, () =>
    withFolder(async (stripes) => {
      writeStripes(`${stripes}/stripes`);
      const folder = stage === table ? golden : stripes;
      const { examples } = await planOf(stage, options, folder);
      const { examples: sent } = await sentBy(stage, { options, folder });
      const set = readExamples(new Table([...sent]));
      assert.equal(examples.shape, set.shape);
      assert.is(examples.classes, set.classes?.length);
      assert.equal(examples.examples, {
        ...(set.train === undefined ? {} : { train: set.train.ids.length }),
        ...(set.test === undefined ? {} : { test: set.test.ids.length }),
      });
    }));
}

test("noise, network and training send as many examples, parameters and snapshots as their plans say", async () => {
  const engine = await createEngine("wasm");
  try {
    const data = { classes: 2, dimension: 4, train: 21, test: 6 };
    const planned = await planOf(gaussianMixture, data, "");
    const noisy = await planOf(noise, { fraction: 0.5 }, "", planned);
    assert.equal(noisy, planned);
    const architecture = { architecture: "mlp", hidden: [6, 5] };
    const network = await planOf(init, architecture, "", noisy);
    const { examples } = await sentBy(gaussianMixture, { options: data });
    const { snapshots: start } = await sentBy(init, { options: architecture, inputs: { examples } });
    const { parameters } = readSnapshot(start[0], "init.snapshots");
    assert.is(network.snapshots.parameters, parameters.length);
    assert.is(network.snapshots.batches, start.length);
    for (const [snapshots, evaluate] of [
      [{ every: 2 }, {}],
      [{ at: [0, 3] }, { every: 5, unit: "steps" }],
      [{ geometric: 2, unit: "steps" }, { every: 3 }],
    ]) {
      const options = { learningRate: 0.1, batchSize: 8, epochs: 5, snapshots, evaluate };
      const inputs = { examples: noisy.examples, parameters: network.snapshots };
      const training = await planOf(gradientDescent, options, "", inputs);
      const sent = await sentBy(gradientDescent, {
        options,
        inputs: { examples, parameters: start },
        engine,
      });
      assert.is(training.snapshots.batches, sent.snapshots.length);
      assert.is(training.metrics.batches, sent.metrics.length);
      assert.is(training.snapshots.parameters, parameters.length);
    }
  } finally {
    await engine.close();
  }
});

test.run();
