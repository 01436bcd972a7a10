import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { composition } from "../../../pipeline/cli/compose.js";
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

test.run();
