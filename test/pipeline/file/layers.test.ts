// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import type { ResolvedPipeline } from "../../../pipeline/graph/resolved.js";
import { withFolder } from "../../support/pipelines.js";
import { shapes } from "../../support/shapes.js";

const test = suite("files that extend others");

type Files = Readonly<Record<string, string>>;

const base = `name: base
seed: 7
variables: { epochs: 20, where: d }
stages:
  data: { uses: data/table, with: { path: "\${where}" } }
  network: { uses: network/init, from: data }
  train: { uses: train/gradient-descent, from: [data, network], with: { epochs: "\${epochs}", schedule: [{ epoch: 1, factor: 2 }] } }
  show: { uses: sink/console, from: train.metrics }
`;

/** Loads main.yaml of a folder with these files. */
function load(
  files: Files,
  sets: readonly string[] = [],
  environment: Files = {},
): Promise<ResolvedPipeline> {
  return withFolder((folder) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return loadPipeline({
      text: files["main.yaml"],
      file: join(folder, "main.yaml"),
      stages: shapes,
      engines: ["wasm"],
      sets,
      environment,
    });
  });
}

/** `CODE file:line:column` of every mistake. */
async function mistakes(files: Files, sets: readonly string[] = []): Promise<readonly string[]> {
  try {
    await load(files, sets);
  } catch (error) {
    if (!(error instanceof PipelineFileErrors)) throw error;
    return error.errors.map(({ code, location }) => {
      const file = location?.file.replace(/^.*jacoflow-test-[^/]*\//, "");
      return `${code} ${file}:${location?.line}:${location?.column}`;
    });
  }
  return [];
}

const optionsOf = (pipeline: ResolvedPipeline, name: string) =>
  pipeline.stages.find((stage) => stage.name === name)?.options;

test("maps are merged in the order of the base, lists and values replaced, null takes away", async () => {
  const pipeline = await load({
    "base.yaml": base,
    "main.yaml": `extends: base.yaml
name: main
stages:
  train: { with: { batchSize: full, schedule: [{ epoch: 5, factor: 0.5 }], epochs: null } }
  show: null
  quiet: { uses: sink/parquet, from: train.metrics }
`,
  });
  assert.is(pipeline.name, "main");
  assert.is(pipeline.seed, 7);
  assert.equal(
    pipeline.stages.map(({ name }) => name),
    ["data", "network", "train", "quiet"],
  );
  const { batchSize, schedule, epochs } = optionsOf(pipeline, "train") ?? {};
  assert.equal({ batchSize, schedule }, { batchSize: "full", schedule: [{ epoch: 5, factor: 0.5 }] });
  assert.is.not(epochs, 20, "the default again");
  assert.not.ok("extends" in pipeline.document || "variables" in pipeline.document);
});

test("of several bases the later goes on top, each read from where it is named", async () => {
  const pipeline = await load({
    "main.yaml": "extends: [base.yaml, below/other.yaml]\nvariables: { where: main }",
    "below/other.yaml": "extends: ./third.yaml\nseed: 9\nname: other",
    "below/third.yaml": "seed: 11\nvariables: { where: third, epochs: 40 }",
    "base.yaml": base,
  });
  assert.is(pipeline.name, "other");
  assert.is(pipeline.seed, 9);
  assert.is(optionsOf(pipeline, "data")?.path, "main");
  assert.is(optionsOf(pipeline, "train")?.epochs, 40);
});

test("two files may extend the same one, a circle is told where it closes", async () => {
  const twice = {
    "main.yaml": "extends: [a.yaml, b.yaml]",
    "a.yaml": "extends: base.yaml",
    "b.yaml": "extends: base.yaml",
    "base.yaml": base,
  };
  assert.equal(await mistakes(twice), []);
  const circle = { "main.yaml": "name: x\nextends: a.yaml", "a.yaml": "seed: 1\nextends: [main.yaml]" };
  assert.equal(await mistakes(circle), ["EXTENDS_CYCLE a.yaml:2:11"]);
  assert.equal(await mistakes({ "main.yaml": "extends: main.yaml" }), ["EXTENDS_CYCLE main.yaml:1:10"]);
});

test("a base that cannot be read, or is no YAML, is told with all others of its kind", async () => {
  const files = {
    "main.yaml": "extends: [none.yaml, bad.yaml, '${HOME}/x.yaml', 3]\nname: x",
    "bad.yaml": "a: [1",
  };
  assert.equal(await mistakes(files), [
    "BASE_NOT_READABLE main.yaml:1:11",
    "YAML_SYNTAX bad.yaml:1:4",
    "WRONG_FORM main.yaml:1:32",
    "WRONG_FORM main.yaml:1:50",
  ]);
});

test("files that multiply are refused soon", async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`c${i}.yaml`, `extends: [c${i + 1}.yaml, c${i + 1}.yaml]`]),
  );
  const told = await mistakes({ ...chain, "c30.yaml": "seed: 1", "main.yaml": "extends: c0.yaml" });
  assert.ok(told.length > 0 && told.every((line) => line.startsWith("TOO_MANY_BASES")));
});

test("a mistake points into the file that says the value", async () => {
  const files = {
    "base.yaml": base
      .replace("uses: data/table", "uses: data/tabel")
      .replace("factor: 2", "fctor: 2")
      .replace("from: train.metrics", "from: train.metric"),
    "main.yaml": `extends: base.yaml
stages:
  train:
    with:
      epochs: none
  network: { with: { hiden: 3 } }
  nothing: null
`,
  };
  assert.equal(await mistakes(files), [
    "INVALID_OPTION main.yaml:5:15",
    "UNKNOWN_OPTION main.yaml:6:22",
    "WRONG_FORM main.yaml:7:12",
    "UNKNOWN_STAGE_TYPE base.yaml:5:17",
    "MISSING_OPTION base.yaml:7:105",
    "UNKNOWN_OPTION base.yaml:7:117",
    "UNKNOWN_PORT base.yaml:8:37",
  ]);
});

const withVariables = (values: string) => ({ "main.yaml": base.replace("{ epochs: 20, where: d }", values) });

test("a variable keeps its type, may hold others, and comes before the environment", async () => {
  const files = {
    "main.yaml": base
      .replace(
        "{ epochs: 20, where: d }",
        '{ epochs: "${more}", more: 30, where: "${folder}/${more}", folder: "${DATA:x}", list: ["${step}"], step: { epoch: 3, factor: 0.5 } }',
      )
      .replace("[{ epoch: 1, factor: 2 }]", '"${list}"'),
  };
  const environment = { DATA: "/data", more: "99" };
  const pipeline = await load(files, [], environment);
  assert.is(optionsOf(pipeline, "train")?.epochs, 30);
  assert.is(optionsOf(pipeline, "data")?.path, "/data/30");
  assert.equal(optionsOf(pipeline, "train")?.schedule, [{ epoch: 3, factor: 0.5 }]);
  const set = await load(files, ["variables.more=31", "stages.data.with.path=a-${step2:z}"], environment);
  assert.is(optionsOf(set, "train")?.epochs, 31);
  assert.is(optionsOf(set, "data")?.path, "a-z", "what is set may hold variables too");
});

test("variables that are wrong are told once, where they are", async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["{ epochs: '${b}', b: '${epochs}', where: d }", ["VARIABLE_CYCLE main.yaml:3:33"]],
    ["{ epochs: '${epochs}', where: d }", ["VARIABLE_CYCLE main.yaml:3:22"]],
    ["{ epochs: '${epoch}', where: d }", ["UNDEFINED_VARIABLE main.yaml:3:22"]],
    ["{ epochs: '${3}', where: d }", ["MALFORMED_VARIABLE main.yaml:3:22"]],
    ["{ epochs: 20, where: 'a${list}', list: [1] }", ["VARIABLE_IN_TEXT main.yaml:3:33"]],
    ["{ epochs: 20, where: 'a${list}', list: { toString: 1 } }", ["VARIABLE_IN_TEXT main.yaml:3:33"]],
    ["{ epochs: 20, where: d, a-b: 1 }", ["VARIABLE_NAME main.yaml:3:36"]],
    ["{ epochs: many, where: d }", ["INVALID_OPTION main.yaml:7:81"]],
  ];
  for (const [values, wanted] of cases) assert.equal(await mistakes(withVariables(values)), wanted, values);
});

test("a mistyped variable is told with the nearest one, never the one it stands in", async () => {
  const suggestion = async (values: string) => {
    try {
      await load(withVariables(values));
    } catch (error) {
      return (error as PipelineFileErrors).errors[0].suggestion;
    }
    return "no mistake";
  };
  assert.is(await suggestion("{ epochs: '${wher}', where: d }"), "where");
  assert.is(await suggestion("{ epochs: '${epoch}', where: d }"), undefined);
});

test("a variable chooses the values of others, and --set takes its name alone", async () => {
  const files = {
    "main.yaml": `extends: base.yaml
variables:
  size: small
  optimizer: sgd
  epochs: { by: size, small: 3, full: { by: optimizer, sgd: "\${most}", adam: 50 } }
  most: 400
  where: { by: epochs, 3: three, 50: fifty, 400: many }
`,
    "base.yaml": base,
  };
  const chosen = async (...sets: readonly string[]) => {
    const pipeline = await load(files, sets);
    return [optionsOf(pipeline, "train")?.epochs, optionsOf(pipeline, "data")?.path];
  };
  assert.equal(await chosen(), [3, "three"]);
  assert.equal(await chosen("size=full"), [400, "many"]);
  assert.equal(await chosen("variables.size=full", "optimizer=adam"), [50, "fifty"]);
  assert.equal(await chosen("epochs.small=50"), [50, "fifty"], "a choice is a map to set in");
  assert.equal(await mistakes(files, ["size=ful"]), ["NO_SUCH_CHOICE main.yaml:5:11"]);
  assert.equal(await mistakes(files, ["siz=full"]), ["UNKNOWN_KEY command line:1:7"]);
});

test("a choice by no variable, by itself or by none of its values is told once", async () => {
  const wrong = (variables: string) =>
    mistakes({ "main.yaml": `extends: base.yaml\nvariables:\n  ${variables}`, "base.yaml": base });
  assert.equal(await wrong("epochs: { by: siz, a: 1 }"), ["CHOICE_BY main.yaml:3:17"]);
  assert.equal(await wrong("epochs: { by: 3, a: 1 }"), ["CHOICE_BY main.yaml:3:17"]);
  assert.equal(await wrong("epochs: { by: epochs, a: 1 }"), ["VARIABLE_CYCLE main.yaml:3:17"]);
  assert.equal(await wrong("epochs: { by: where, a: 1 }"), ["NO_SUCH_CHOICE main.yaml:3:11"]);
  assert.equal(await wrong("epochs: { by: where, d: 1 }\n  where: by"), ["NO_SUCH_CHOICE main.yaml:3:11"]);
});

test("variables that multiply end soon with an error", async () => {
  const doubling = (make: (name: string) => string, last: string) =>
    `{ epochs: 20, where: d, ${Array.from({ length: 60 }, (_, i) => `v${i}: ${make(`\${v${i + 1}}`)}`).join(", ")}, v60: ${last} }`;
  const texts = await mistakes(withVariables(doubling((name) => `"${name}${name}"`, "ab")));
  assert.equal(
    texts.map((line) => line.split(" ")[0]),
    ["VARIABLES_TOO_LARGE"],
  );
  const lists = await mistakes(withVariables(doubling((name) => `["${name}", "${name}"]`, "ab")));
  assert.equal(
    lists.map((line) => line.split(" ")[0]),
    ["VARIABLES_TOO_LARGE"],
  );
  const deep = Array.from({ length: 999 }, (_, i) => `v${i}: ["\${v${i + 1}}"]`).join(", ");
  const nested = await mistakes(withVariables(`{ where: d, epochs: 2, ${deep.slice(0, -25)}: 1 }`));
  assert.ok(nested.length > 0);
});

test("what --set names has to be in the file, or be a place that can be made", async () => {
  const files = { "main.yaml": base };
  const cases: readonly (readonly [string, string])[] = [
    ["variables.epoch=3", "SET_UNKNOWN_VARIABLE"],
    ["stages.trian.with.epochs=3", "UNKNOWN_STAGE"],
    ["stages.train.with.epoch=3", "UNKNOWN_OPTION"],
    ["sead=3", "UNKNOWN_KEY"],
    ["stages.train.from.7=data", "SET_PATH"],
    ["stages.train.uses.x=data", "SET_PATH"],
    ["extends=other.yaml", "NOT_SETTABLE"],
    ["stages.__proto__.x=1", "SET_PATH"],
    ["stages.train.with.epochs=&a 3", "MALFORMED_SET"],
  ];
  for (const [set, code] of cases) {
    const told = await mistakes(files, [set]);
    assert.is(told.length, set.includes("&") ? 0 : 1, `${set}: ${told}`);
    if (told.length > 0) assert.match(told[0], new RegExp(`^${code} command line`), set);
  }
  const pipeline = await load(files, ["variables.epochs=3", "stages.train.with.schedule.0.factor=4"]);
  const { epochs, schedule } = optionsOf(pipeline, "train") ?? {};
  assert.equal({ epochs, schedule }, { epochs: 3, schedule: [{ epoch: 1, factor: 4 }] });
});

test.run();
