import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PlanContext, StagePlan } from "../../../pipeline/stage.js";
import type { SpectrumStageOptions } from "../../../stages/jacobian/options.js";
import { planJacobians } from "../../../stages/jacobian/plan.js";

const law = suite("the plan of jacobian/spectrum");

/** Of an engine with which block Krylov is quicker than a Gram matrix that takes a third of its memory. */
const rates = { network: 1e13, held: 1e9, algebra: 4e11, reduction: 1e7 };
const network = {
  input: [784],
  layers: [
    { type: "dense", name: "hidden", units: 512, activation: "relu" },
    { type: "dense", name: "logits", units: 10 },
  ],
};

function planned(memoryLimit: number, options: Partial<SpectrumStageOptions> = {}): StagePlan {
  const origin = { stage: "data", port: "examples", table: "examples" } as const;
  const examples = { examples: { train: 300, test: 300 }, origin };
  const parameters = { network, parameters: 407_050, epochs: [0, 1, 2], origin };
  const context: PlanContext = {
    ...{ place: "stages.svd", memoryLimit, rates },
    inputs: { examples, parameters },
    offers: { examples: [examples], parameters: [parameters] },
    resolvePath: (path) => path,
  };
  const asked = { rank: 50, method: "auto", precision: "float32", split: ["train", "test"], ...options };
  return planJacobians(asked as SpectrumStageOptions, context);
}

law("a way that fits only without the vectors kept beside it gives way to one that fits", () => {
  const free = planned(64e9);
  assert.match(free.notes?.[0] ?? "", /; block Krylov/);
  const limit = (free.memoryBytes ?? 0) - 1e6;
  const tight = planned(limit);
  assert.match(tight.notes?.[0] ?? "", /; exact/);
  assert.ok((tight.memoryBytes ?? Number.POSITIVE_INFINITY) <= limit);
});

law.run();
