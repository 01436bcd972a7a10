import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import { pipelineSchema } from "../../../pipeline/file/schema.js";

const test = suite("the JSON Schema of pipeline files");
const root = new URL("../../../", import.meta.url);
const { stages, engines } = composition();
const schema = pipelineSchema(stages.values(), engines);
const accepts = new Ajv2020({ strict: false, strictNumbers: true }).compile(schema);

const examples = readdirSync(new URL("examples", root), { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".yaml"),
);
const file = (name: string) => readFileSync(new URL(`examples/${name}`, root), "utf8");

test("the file in the repository is what the stages declare", () => {
  const written = readFileSync(new URL("schemas/pipeline.schema.json", root), "utf8");
  assert.is(written, `${JSON.stringify(schema, null, 2)}\n`, "run: npm run documents");
});

test("every example is accepted", () => {
  assert.ok(examples.length >= 2);
  for (const name of examples) {
    assert.ok(accepts(parse(file(name))), `${name}: ${JSON.stringify(accepts.errors)}`);
  }
});

test("a variable may stand for any value", () => {
  const text = file("quickstart.yaml").replace("epochs: 150", 'epochs: "$' + '{EPOCHS:150}"');
  assert.ok(accepts(parse(text)), JSON.stringify(accepts.errors));
});

/** One change each to the quickstart. */
const broken: readonly (readonly [string, string | RegExp, string])[] = [
  ["a stage there is not", "sink/report", "sink/reprot"],
  ["an option there is not", "batchSize: 64", "batchsize: 64"],
  ["an option that is missing", "learningRate: 0.05, ", ""],
  ["a number out of range", "fraction: 0.5", "fraction: 1.5"],
  ["a word for a number", "epochs: 150", "epochs: many"],
  ["a word there is not", "optimizer: sgd", "optimizer: sdg"],
  ["a nested option there is not", "{ at: [0", "{ att: [0"],
  ["a key there is not", "uses: labels/noise", "use: labels/noise"],
  ["a seed below zero", "seed: 7", "seed: -7"],
  ["an engine there is not", "engine: auto", "engine: cuda"],
  ["a name with capitals", "name: noisy-fashion", "name: Noisy"],
  ["no stages", /stages:[\s\S]*/, "stages: {}"],
  ["a policy there is not", "from: data,", "from: { port: data, policy: drop },"],
  ["an edge without room", "from: data,", "from: { port: data, capacity: 0 },"],
];

for (const [what, from, to] of broken) {
  test(`${what} is rejected, as validate does`, async () => {
    const text = file("quickstart.yaml").replace(from, to);
    assert.is.not(text, file("quickstart.yaml"));
    assert.not.ok(accepts(parse(text)));
    try {
      const path = new URL("examples/quickstart.yaml", root).pathname;
      await loadPipeline({ text, file: path, stages, engines, environment: {} });
    } catch (error) {
      assert.instance(error, PipelineFileErrors);
      return;
    }
    assert.unreachable("validate takes it");
  });
}

test.run();
