import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
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
/** As far as the tests below look into it. */
interface Options {
  readonly anyOf?: readonly Options[];
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<
    Record<
      string,
      { readonly description?: string; readonly default?: unknown; readonly examples?: readonly unknown[] }
    >
  >;
}
interface Branch {
  readonly if: { readonly properties: { readonly uses: { readonly const: string } } };
  readonly then: { readonly properties: { readonly with: Options } };
}
const schema = pipelineSchema(stages, engines) as {
  readonly $defs: { readonly stage: { readonly allOf: readonly Branch[] } };
};
const accepts = new Ajv2020({ strict: false, strictNumbers: true }).compile(schema);

const examples = readdirSync(new URL("examples", root), { recursive: true, encoding: "utf8" }).filter(
  // A file with plugins is judged by the schema that has their stages in.
  (name) => name.endsWith(".yaml") && !name.startsWith("templates/plugin/"),
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

test("a variable may stand for any value, within lists and maps too", () => {
  for (const [from, to] of [
    ["epochs: 150", "epochs: $"],
    ["hidden: [128, 64]", "hidden: [128, $]"],
    ["hidden: [128, 64]", "hidden: $"],
    ["at: [0, 2, 10, 50, 150]", "at: [0, $]"],
    ["at: [0, 2, 10, 50, 150]", "every: $"],
    ["split: [train, test]", "split: [train, $]"],
    ["{ fraction: 0.5, kind: uniform-other }", "$"],
    ["uses: labels/noise", "uses: $"],
    ["engine: auto", "engine: $"],
    ["name: noisy-fashion", "name: $"],
    ["from: data,", "from: { port: data, policy: $ },"],
  ] as const) {
    const text = file("quickstart.yaml").replace(from, to.replace("$", '"$' + '{V}"'));
    assert.is.not(text, file("quickstart.yaml"), from);
    assert.ok(accepts(parse(text)), `${to}: ${JSON.stringify(accepts.errors)}`);
  }
});

/** Every value of a file by its path, maps and lists too; the file itself aside. */
function pathsIn(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return path.length === 0 ? [] : [path];
  const below = Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

/** A copy with the value at a path replaced. */
function withValue(value: unknown, [step, ...rest]: readonly string[], put: unknown): unknown {
  if (step === undefined) return put;
  const changed = { [step]: withValue(Reflect.get(value as object, step), rest, put) };
  return Array.isArray(value)
    ? value.with(Number(step), changed[step])
    : { ...(value as Record<string, unknown>), ...changed };
}

async function isRight(data: unknown): Promise<boolean> {
  const request = { text: JSON.stringify(data), file: "schema.json", environment: {}, requireSink: true };
  try {
    await loadPipeline({ ...request, stages, engines, checkEnvironment: false });
    return true;
  } catch (error) {
    if (!(error instanceof PipelineFileErrors)) throw error;
    return false;
  }
}

test("a variable in the place of any value, a stage and all stages too, is right to the schema as it is to validate", async () => {
  const right = { seed: 3, plugins: [], ...parse(file("quickstart.yaml")) };
  const list = pathsIn(right);
  assert.ok(
    list.some((path) => path.join() === "stages") && list.some((path) => path.join() === "stages,svd"),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.subarray([...list.keys()], { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (chosen, declared) => {
        let data: unknown = right;
        const variables: Record<string, unknown> = {};
        for (const at of chosen) {
          const path = list[at];
          let value: unknown = data;
          for (const step of path)
            value = typeof value === "object" ? Reflect.get(value as object, step) : value;
          // Part of something that is a variable already.
          if (typeof value === "string" && value.startsWith("$")) continue;
          variables[`v${at}`] = value;
          data = withValue(data, path, `${"$"}{v${at}}`);
        }
        const whole = declared ? { ...(data as object), variables } : data;
        const accepted = accepts(whole);
        const places = chosen.map((at) => list[at].join(".")).join(" ");
        // The schema knows no variables: to it one that nobody declared may be of the environment.
        if (declared)
          assert.is(accepted, await isRight(whole), `${places}: ${JSON.stringify(accepts.errors)}`);
        else assert.ok(accepted, `${places}: ${JSON.stringify(accepts.errors)}`);
      },
    ),
    {
      numRuns: 150,
      examples: [
        [[list.findIndex((path) => path.join() === "stages")], true],
        [[list.findIndex((path) => path.join() === "stages,svd")], true],
      ],
    },
  );
});

test("every option has a description, and a default or an example that it accepts", () => {
  for (const stage of stages.values()) {
    const branch = schema.$defs.stage.allOf.find(({ if: when }) => when.properties.uses.const === stage.name);
    const given = branch?.then.properties.with;
    const options = given?.anyOf?.[0] ?? given;
    for (const [name, option] of Object.entries(options?.properties ?? {})) {
      const place = `${stage.name} ${name}`;
      assert.ok(option.description, place);
      const accepted = new Ajv2020({ strict: false }).compile(option);
      const shown = "default" in option ? [option.default] : option.examples;
      assert.ok(shown !== undefined && shown.length > 0, place);
      for (const value of shown) assert.ok(accepted(value), `${place}: ${JSON.stringify(value)}`);
    }
    for (const value of options?.examples ?? []) {
      const file = { name: "x", stages: { one: { uses: stage.name, with: value } } };
      assert.ok(accepts(file), `${stage.name}: ${JSON.stringify(accepts.errors)}`);
    }
  }
});

test("the first line of every example leads an editor to the schema", () => {
  // In a template the address stands for what scaffolding puts there.
  for (const name of examples.filter((one) => !one.startsWith("templates/"))) {
    const path = /^# yaml-language-server: \$schema=(\S+)\n/.exec(file(name))?.[1];
    assert.ok(path, name);
    const address = new URL(path, new URL(`examples/${name}`, root));
    assert.is(address.href, new URL("schemas/pipeline.schema.json", root).href, name);
  }
});

test.run();
