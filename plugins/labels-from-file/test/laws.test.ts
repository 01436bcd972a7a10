import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Table } from "apache-arrow";
import { readExamples } from "jacoflow";
import { checkPlugin, runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import plugin from "../src/index.js";
import { labelsFromFile } from "../src/stage.js";

const law = suite("laws of stages");

/** Labels for the train examples of the kit's samples, in a folder of their own. */
async function withLabels(use: (trial: { options: { path: string }; folder: string }) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-labels-"));
  try {
    await writeFile(
      join(folder, "labels.csv"),
      "id,label\n5,left\n4,left\n3,left\n2,right\n1,right\n0,right\n",
    );
    await use({ options: { path: "labels.csv" }, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

law("the stage keeps every law of stages", () =>
  withLabels(async (trial) => {
    const results = await checkPlugin(plugin, { trials: { "labels/from-file": trial } });
    assert.ok(results.length >= 9);
    assert.equal(
      results.filter(({ passed }) => !passed),
      [],
    );
  }),
);

law("a run sends the labels of the file on, and says what it found", () =>
  withLabels(async (trial) => {
    const { batches, logs, error } = await runStage(labelsFromFile, {
      ...trial,
      inputs: { examples: [sampleBatches("examples")] },
    });
    assert.is(error, undefined);
    assert.equal([...readExamples(new Table([...batches.examples])).train!.labels], [1, 1, 1, 0, 0, 0]);
    assert.match(logs[0].message, "6 labels, 4 of them other than the clean label");
  }),
);

law.run();
