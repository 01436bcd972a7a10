import { metrics, predictionsTable } from "jacoflow";
import { checkPlugin, runStage } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { changes } from "../src/stage.js";

const law = suite("metrics/template-name");

/** An evaluation of two classes on two training examples, which are taken for these classes. */
function evaluation(step: number, classes: readonly [0 | 1, 0 | 1]) {
  const values = Float32Array.from(classes.flatMap((predicted) => (predicted === 0 ? [1, 0] : [0, 1])));
  const place = { stage: "train", step, epoch: step, split: "train" } as const;
  return predictionsTable(2).batch({ ...place, id: Int32Array.of(0, 1), values }, 2);
}

law("every evaluation is compared with the one before", async () => {
  const predictions = [
    evaluation(0, [0, 0]),
    evaluation(1, [0, 1]),
    evaluation(2, [1, 0]),
    evaluation(3, [1, 0]),
  ];
  const { batches, error } = await runStage(changes, { inputs: { predictions: [predictions] } });
  assert.is(error, undefined);
  const rows = (batches.metrics ?? []).map((batch) => metrics.read(batch));
  assert.equal(
    rows.map(({ step, value }) => [Number(step[0]), value[0]]),
    [
      [1, 0.5],
      [2, 1],
      [3, 0],
    ],
  );
});

law("keeps the contract of plugins", async () => {
  const results = await checkPlugin(plugin);
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
});

law.run();
