import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Engine } from "../../../engine/engine.js";
import { createEngine } from "../../../engine/engines.js";
import { noAdditions } from "../../../pipeline/stage.js";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { density as table } from "../../../schemas/tables/density.js";
import { spectrum as spectrumTable } from "../../../schemas/tables/spectrum.js";
import { density } from "../../../stages/jacobian/density.js";
import { spectrum } from "../../../stages/jacobian/spectrum.js";
import { networkInit } from "../../../stages/network/init.js";
import { examplesBatch } from "../../support/examples.js";
import { runStage, sentBy } from "../../support/stage.js";

const test = suite("jacobian/density");
let engine: Engine;
test.before(async () => {
  engine = await createEngine();
});
test.after(() => engine.close());

const [examplesOfTrain, K] = [40, 3];
const labels = Array.from({ length: examplesOfTrain }, (_, row) => row % K);
const examples = [
  examplesBatch({ train: labels, test: labels.slice(0, 6), classes: ["a", "b", "c"], shape: [5] }),
];

/** Inputs of a network with p = 5·hidden + hidden + K·hidden + K parameters. */
async function inputsOf(hidden: number) {
  const { snapshots } = await sentBy(networkInit(noAdditions), {
    options: { architecture: "mlp", hidden: [hidden], activation: "tanh" },
    inputs: { examples },
  });
  return { examples, parameters: snapshots };
}

for (const hidden of [3, 30]) {
  test(`p = ${9 * hidden + 3}, nK = 120: exact values are those of jacobian/spectrum, the rest zeros`, async () => {
    const inputs = await inputsOf(hidden);
    const rank = Math.min(9 * hidden + 3, examplesOfTrain * K);
    const sent = await sentBy(density, { inputs, engine, options: { split: ["train", "test"] } });
    const exact = await sentBy(spectrum, { inputs, engine, options: { rank, method: "exact" } });
    const values = spectrumTable.read(exact.spectrum[0]).singular_value;
    const [train, other] = sent.density.map((batch) => table.read(batch));
    assert.equal([train.split[0], other.split[0]], ["train", "test"]);
    values.forEach((value, at) => {
      if (train.kind[at] === "exact")
        assert.ok(Math.abs(train.singular_value[at] - value) < 1e-4 * values[0]);
    });
    const zeros = train.kind.indexOf("zero");
    assert.is(train.cumulative[train.length - 1], 120);
    assert.is(other.cumulative[other.length - 1], 18);
    if (rank < 120) assert.ok(zeros >= 0 && train.count[zeros] >= 120 - rank);
    assert.ok(train.share.reduce((sum, share) => sum + share, 0) - 1 < 1e-12);
  });
}

test("asked for less than it has, it estimates: above and cumulative are sums of counts, and the plan says so before", async () => {
  const inputs = await inputsOf(30);
  const options = { exactUpTo: 100, columns: 12, sweeps: 5 };
  const { batches, logs } = await runStage(density, { inputs, engine, options });
  const found = table.read(batches.density[0]);
  assert.equal([found.columns[0], found.sweeps[0], found.kind[0]], [12, 5, "node"]);
  assert.match(logs[0].message, "120 values are more than 100");
  let above = 0;
  found.count.forEach((count, at) => {
    assert.ok(Math.abs(found.above[at] - above) < 1e-9);
    above += count;
    assert.ok(Math.abs(found.cumulative[at] - above) < 1e-9);
  });
  assert.ok(Math.abs(above - 120) < 1e-9);
});

test("what fits no way into the memory limit is refused before any work", async () => {
  const inputs = await inputsOf(30);
  const { error } = await runStage(density, { inputs, engine, memoryLimit: 1000 });
  assert.is((error as JacoflowError).code, "MEMORY_LIMIT");
});

test.run();
