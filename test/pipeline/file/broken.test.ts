import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parse } from "yaml";
import { composition } from "../../../pipeline/cli/compose.js";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { type FileMistake, PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import { pipelineSchema } from "../../../pipeline/file/schema.js";

const test = suite("broken pipeline files");
const folder = new URL("broken/", import.meta.url);
const { stages, engines } = composition();
const accepts = new Ajv2020({ strict: false, strictNumbers: true }).compile(pipelineSchema(stages, engines));
const documented = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");

/** Layers a mistake is found in; the schema of editors knows the form only. */
const layers = ["form", "yaml", "wiring", "variable"];

/** A file of broken/: its first line says the layer and every code with line and column, in order. */
const samples = readdirSync(folder).map((name) => {
  const text = readFileSync(new URL(name, folder), "utf8");
  const [, layer, wanted] = /^# (\w+): (.*)\n/.exec(text) ?? [];
  return { name, text, layer, wanted };
});

async function mistakesOf(name: string, text: string): Promise<readonly FileMistake[]> {
  try {
    const file = `broken/${name}`;
    await loadPipeline({
      text,
      file,
      stages,
      engines,
      environment: {},
      requireSink: true,
      checkEnvironment: false,
    });
  } catch (error) {
    if (error instanceof PipelineFileErrors) return error.errors;
    throw error;
  }
  return [];
}

test("there are many, of every layer", () => {
  assert.ok(samples.filter(({ layer }) => layer === "form").length >= 25);
  assert.equal([...new Set(samples.map(({ layer }) => layer))].sort(), [...layers].sort());
});

for (const { name, text, layer, wanted } of samples) {
  test(`${name} is refused with ${wanted.length > 60 ? "all its codes" : wanted}`, async () => {
    const mistakes = await mistakesOf(name, text);
    const found = mistakes.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`);
    assert.is(found.join(", "), wanted);
    for (const { code, frame, location, remedy } of mistakes) {
      assert.match(documented, `\`${code}\``);
      assert.is(location?.file, `broken/${name}`);
      assert.match(frame ?? "", /^> +\d+ \|.*\n +\| *\^/m, code);
      assert.ok(remedy !== undefined && remedy !== "", code);
    }
    if (layer === "form") assert.not.ok(accepts(parse(text, { uniqueKeys: false })), "the schema takes it");
  });
}

test("one file with many different mistakes has them all reported, with the names that were meant", async () => {
  const mistakes = await mistakesOf(
    "everything.yaml",
    readFileSync(new URL("everything.yaml", folder), "utf8"),
  );
  assert.ok(new Set(mistakes.map(({ code }) => code)).size >= 15);
  assert.equal(
    mistakes.flatMap(({ suggestion }) => suggestion ?? []),
    ["seed", "labels/noise", "from", "hidden", "network", "sgd", "examples", "snapshots", "latest"],
  );
});

test.run();
