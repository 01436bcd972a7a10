import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { defineStage, output } from "../../../pipeline/stage.js";
import { console } from "../../../stages/sinks/console.js";
import { countRows, listTables } from "../../../stages/sinks/parquet/read.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { report } from "../../../stages/sinks/report.js";
import { numberBatch, run, stageMap } from "../../support/pipelines.js";
import { filesUnder } from "../../support/sinks.js";

const test = suite("sinks in a run");

const sendsThree = async (send: (batch: ReturnType<typeof numberBatch>) => Promise<void>) => {
  for (let epoch = 0; epoch < 3; epoch++) await send(numberBatch(epoch, "numbers"));
};
const numbers = defineStage({
  name: "test/numbers",
  summary: "Sends three numbers.",
  options: Type.Object({}),
  inputs: {},
  outputs: { metrics: output("metrics", "numbers") },
  run: (_inputs, { metrics }) => sendsThree((batch) => metrics.send(batch)),
});
const fails = defineStage({
  ...numbers,
  name: "test/fails",
  summary: "Sends three numbers, then fails.",
  run: async (_inputs, { metrics }) => {
    await sendsThree((batch) => metrics.send(batch));
    throw new Error("out of luck");
  },
});
const stages = stageMap(numbers, fails, parquet, report, console);

const pipeline = (uses: string) => `
name: trial
stages:
  source: { uses: ${uses} }
  keep: { uses: sink/parquet, from: source }
  page: { uses: sink/report, from: source }
`;

test("a run that ends well leaves its tables and a report that does not apologise", async () => {
  await run(pipeline("test/numbers"), stages, async ({ outcome, runFolder }) => {
    assert.is(outcome.outcome, "done");
    const page = (await filesUnder(runFolder)).get("report.html")!.toString();
    assert.match(page, "<h1>trial</h1>");
    assert.not.match(page, "This run ended early.");
  });
});

test("a run that fails leaves what was sent in whole files, and a report that says it ended early", async () => {
  await run(pipeline("test/fails"), stages, async ({ outcome, runFolder }) => {
    assert.is(outcome.outcome, "failed");
    const [kept] = await listTables(runFolder);
    assert.is(await countRows(kept), 3);
    const files = await filesUnder(runFolder);
    assert.match(files.get("report.html")!.toString(), "This run ended early.");
    assert.not.ok([...files.keys()].some((path) => path.endsWith(".tmp")));
  });
});

test("two sinks for one table end the run with TABLE_HAS_WRITER", async () => {
  const twice = `${pipeline("test/numbers")}  again: { uses: sink/parquet, from: source }\n`;
  await run(twice, stages, ({ outcome }) => {
    assert.is(outcome.error?.code, "TABLE_HAS_WRITER");
  });
});

test("a lossy edge into a sink that writes files is refused", async () => {
  for (const sink of ["parquet", "report"]) {
    const lossy = `name: trial\nstages:\n  source: { uses: test/numbers }\n  keep: { uses: sink/${sink}, from: [{ port: source.metrics, policy: latest }] }\n`;
    const error: unknown = await run(lossy, stages, () => undefined).catch((thrown: unknown) => thrown);
    const errors = error instanceof AggregateError ? error.errors : [error];
    assert.ok(errors.some((found) => (found as { code?: string }).code === "LOSSY_EDGE"));
  }
});

test.run();
