import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseNetwork } from "../../engine/network/parse.js";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import { type AnyStage, optionsOf } from "../../plugins/kit/trial.js";
import { gaussianMixture } from "../../stages/data/gaussian-mixture.js";
import { idx } from "../../stages/data/idx.js";
import { table } from "../../stages/data/table.js";
import { readExamples } from "../../stages/examples.js";
import { pretrained } from "../../stages/network/pretrained.js";
import { readSnapshot } from "../../stages/snapshot.js";
import { type ExampleRows, examplesBatch } from "../support/examples.js";
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
  inputs: PlanContext["inputs"] = {},
): Promise<Planned> {
  const context: PlanContext = {
    place: "stages.tested",
    inputs,
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

test("network/pretrained plans what it sends for other classes than a file's: the head made anew", async () => {
  const folder = dirname(fileURLToPath(goldenPath("resnet20-pretrained", "network.json")));
  const options = { network: "network.json", weights: "weights.safetensors" };
  const { snapshots } = await planOf(pretrained, options, folder, {
    examples: {
      origin: { stage: "data", port: "examples", table: "examples" },
      shape: [32, 32, 3],
      classes: 3,
    },
  });
  const given: ExampleRows = { train: [0, 1, 2], classes: ["a", "b", "c"], shape: [32, 32, 3] };
  const { snapshots: sent } = await sentBy(pretrained, {
    ...{ options, folder },
    inputs: { examples: [examplesBatch(given)] },
  });
  assert.equal(parseNetwork(snapshots.network, "planned"), readSnapshot(sent[0], "sent").network);
});

test.run();
