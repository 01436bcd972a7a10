import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkPlan, planPipeline } from "../../../pipeline/run/plan.js";
import { load, stageMap } from "../../support/pipelines.js";
import { shapes } from "../../support/shapes.js";

const test = suite("pipeline/run/plan");

const text = `
name: planned
stages:
  train: { uses: train/gradient-descent, from: [data, network] }
  data: { uses: data/table, with: { path: x } }
  network: { uses: network/init, from: data }`;

test("stages come in the order of the data, memory is added up where it is known", async () => {
  const known = [...shapes.values()].map((stage) =>
    stage.name.startsWith("data/") || stage.name.startsWith("train/")
      ? { ...stage, plan: () => ({ memoryBytes: 100, notes: ["a note"] }) }
      : stage,
  );
  const plan = await planPipeline(await load(text, stageMap(...known)), { memoryLimit: 1000 });
  assert.equal(
    plan.stages.map(({ name }) => name),
    ["data", "network", "train"],
  );
  assert.is(plan.memoryBytes, 200);
  assert.equal(plan.stages[0].plan.notes, ["a note"]);
  checkPlan(plan, 200);
  assert.throws(
    () => checkPlan(plan, 199),
    (error: { code: string; exitCode: number }) => error.code === "MEMORY_LIMIT" && error.exitCode === 78,
  );
});

test("nothing known is nothing said, and nothing refused", async () => {
  const plan = await planPipeline(await load(text, shapes), { memoryLimit: 1000 });
  assert.is(plan.memoryBytes, undefined);
  checkPlan(plan, 0);
});

test("stages that grow into their limits share what the others leave, as their plans are large", async () => {
  const memoryBytes = { "data/table": 100, "network/init": 200, "train/gradient-descent": 300 };
  const planned = [...shapes.values()].map((stage) => {
    const bytes = memoryBytes[stage.name as keyof typeof memoryBytes];
    if (bytes === undefined) return stage;
    const work = stage.name === "data/table" ? {} : { work: { bytes: 1e9 } };
    return { ...stage, plan: () => ({ memoryBytes: bytes, ...work }) };
  });
  const { stages } = await planPipeline(await load(text, stageMap(...planned)), { memoryLimit: 1100 });
  assert.equal(
    stages.map(({ memoryLimit }) => memoryLimit),
    [600, 400, 600],
  );
});

test.run();
