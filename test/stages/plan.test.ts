import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import { type AnyStage, optionsOf } from "../../plugins/kit/trial.js";
import { gaussianMixture } from "../../stages/data/gaussian-mixture.js";
import { idx } from "../../stages/data/idx.js";
import { table } from "../../stages/data/table.js";
import { readExamples } from "../../stages/examples.js";
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
): Promise<Planned> {
  const context: PlanContext = {
    place: "stages.tested",
    inputs: {},
    offers: {},
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

test.run();
