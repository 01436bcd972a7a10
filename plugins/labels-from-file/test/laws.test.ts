import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Table } from "apache-arrow";
import { readExamples } from "jacoflow";
import { checkPlugin, runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { labelsFromFile } from "../src/stage.js";

const law = suite("laws of stages");

/** Where the paths among the examples start. */
const folder = dirname(dirname(fileURLToPath(import.meta.url)));

law("the stage keeps every law of stages, by the examples of its options", async () => {
  const results = await checkPlugin(plugin, { folder });
  assert.ok(results.length >= 10);
  assert.equal(
    results.filter(({ passed }) => !passed),
    [],
  );
});

law("a run sends the labels of the file on, and says what it found", async () => {
  const { batches, logs, error } = await runStage(labelsFromFile, {
    options: { path: "examples/labels.csv" },
    folder,
    inputs: { examples: [sampleBatches("examples")] },
  });
  assert.is(error, undefined);
  assert.equal([...readExamples(new Table([...batches.examples])).train!.labels], [1, 1, 1, 0, 0, 0]);
  assert.match(logs[0].message, "6 labels, 4 of them other than the clean label");
});

law.run();
