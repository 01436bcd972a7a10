// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Type from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { load, stageMap } from "../../support/pipelines.js";
import { shape, shapes } from "../../support/shapes.js";

const test = suite("pipeline/file");

type More = Parameters<typeof load>[2];

async function errorsOf(text: string, more: More = {}, stages = shapes): Promise<PipelineFileErrors> {
  try {
    await load(text, stages, more);
  } catch (error) {
    if (error instanceof PipelineFileErrors) return error;
    throw error;
  }
  throw new Error("expected mistakes");
}

/** `CODE line:column` of every mistake. */
const codes = (errors: PipelineFileErrors) =>
  errors.errors.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`);

const one = (entry: string) => `name: x\nstages:\n  a: ${entry}\n`;
const trainOptions = async (options: string, more: More = {}) => {
  const text = `name: x
stages:
  data: { uses: data/table, with: { path: d } }
  network: { uses: network/init }
  train:
    uses: train/gradient-descent
    from: [data, network]
    with: ${options}
`;
  return (await load(text, shapes, more)).stages[2].options;
};

test("the file of the design, shortened, loads with defaults filled in", async () => {
  const text = `
# yaml-language-server: $schema=../schemas/pipeline.schema.json
name: noisy-fashion
seed: 7
engine: auto                    # a comment
plugins: []
stages:
  data:    { uses: data/table, with: { path: data/fashion-3 } }
  noise:   { uses: labels/noise, from: data }
  network: { uses: network/init, from: noise, with: { hidden: [128, 64] } }
  train:   { uses: train/gradient-descent, from: [noise, network], with: { learningRate: 0.05, epochs: 150 } }
  svd:     { uses: jacobian/spectrum, from: [noise, train.snapshots] }
  project: { uses: metrics/projection, from: [noise, svd.basis, train.predictions] }
  parquet: { uses: sink/parquet, from: [train.metrics, svd.spectrum, project] }
`;
  const pipeline = await load(text, shapes);
  assert.is(pipeline.name, "noisy-fashion");
  assert.is(pipeline.seed, 7);
  assert.is(pipeline.engine, "auto");
  assert.equal(pipeline.stages[3].options, { learningRate: 0.05, epochs: 150, batchSize: 64, schedule: [] });
  assert.equal(pipeline.order, ["data", "noise", "network", "train", "svd", "project", "parquet"]);
  assert.is(pipeline.wires.length, 12);
  assert.equal(pipeline.document.stages, {
    data: { uses: "data/table", with: { path: "data/fashion-3" } },
    noise: { uses: "labels/noise", from: "data", with: {} },
    network: { uses: "network/init", from: "noise", with: { hidden: [128, 64], initialisation: "he" } },
    train: {
      uses: "train/gradient-descent",
      from: ["noise", "network"],
      with: { learningRate: 0.05, epochs: 150, batchSize: 64, schedule: [] },
    },
    svd: { uses: "jacobian/spectrum", from: ["noise", "train.snapshots"], with: {} },
    project: { uses: "metrics/projection", from: ["noise", "svd.basis", "train.predictions"], with: {} },
    parquet: { uses: "sink/parquet", from: ["train.metrics", "svd.spectrum", "project"], with: {} },
  });
});

test("what run.json keeps of a file loads again to the same pipeline", async () => {
  const first = await load(one("{ uses: data/table, with: { path: '${P:q}' } }"), shapes, {
    sets: ["seed=3"],
  });
  const second = await load(JSON.stringify(first.document), shapes);
  assert.equal(second.document, first.document);
});

test("JSON, with tabs as well, is a pipeline file", async () => {
  const data = { $schema: "x", name: "json", stages: { a: { uses: "data/table", with: { path: "p" } } } };
  assert.is((await load(JSON.stringify(data, null, "\t"), shapes)).name, "json");
});

test("every mistake is reported at once, in the order of the file, with place, frame and remedy", async () => {
  const text = `name: Bad Name
sed: 3
stages:
  data: { uses: data/table }
  noise: { uses: label/noise, from: data }
  train:
    uses: train/gradient-descent
    form: [data]
    with:
      epochs: none
      learningrate: 0.1
      batchSize: 0
  show: { uses: sink/console, from: dta }
`;
  const errors = await errorsOf(text);
  assert.equal(codes(errors), [
    "WRONG_FORM 1:7",
    "UNKNOWN_KEY 2:1",
    "MISSING_OPTION 4:3",
    "UNKNOWN_STAGE_TYPE 5:18",
    "UNCONNECTED 6:3",
    "UNCONNECTED 6:3",
    "UNKNOWN_KEY 8:5",
    "INVALID_OPTION 10:15",
    "UNKNOWN_OPTION 11:7",
    "INVALID_OPTION 12:18",
    "UNKNOWN_STAGE 13:37",
  ]);
  assert.ok(errors instanceof AggregateError);
  assert.is(errors.exitCode, 78);
  assert.is(errors.kind, "invalid");
  assert.ok(errors.errors.every((error) => error instanceof JacoflowError && error.kind === "invalid"));
  const remedies = errors.errors.map(({ remedy }) => remedy).join("\n");
  for (const name of ["seed", "labels/noise", "from", "learningRate", "data"]) {
    assert.match(remedies, `Did you mean "${name}"?`);
  }
  assert.match(
    errors.message,
    `test.yaml:11:7: train/gradient-descent has no option "learningrate" (stages.train.with.learningrate) [UNKNOWN_OPTION]
   9 |     with:
  10 |       epochs: none
> 11 |       learningrate: 0.1
     |       ^
  12 |       batchSize: 0
Did you mean "learningRate"? There are "epochs", "learningRate", "batchSize", "schedule".`,
  );
});

test("options are checked by their schema and told in words", async () => {
  const cases: readonly [string, string, string][] = [
    ["{ epochs: 0 }", "INVALID_OPTION", "0 is not a whole number, 1 or more"],
    ["{ epochs: 1.5 }", "INVALID_OPTION", "1.5 is not a whole number, 1 or more"],
    ['{ epochs: "20" }', "INVALID_OPTION", '"20" is not a whole number, 1 or more'],
    ["{ learningRate: 0 }", "INVALID_OPTION", "0 is not a number, above 0"],
    ["{ learningRate: .inf }", "INVALID_OPTION", "is not a number, above 0"],
    ["{ batchSize: ful }", "INVALID_OPTION", '"ful" is not a whole number, 1 or more, or "full"'],
    ["{ schedule: [{ epoch: 3 }] }", "MISSING_OPTION", '"factor"'],
    ["{ schedule: [{ epoch: 3, factor: 1, fctor: 2 }] }", "UNKNOWN_OPTION", '"fctor"'],
    ["{ schedule: 3 }", "INVALID_OPTION", "3 is not a list of a map { epoch, factor }"],
    ["[1]", "WRONG_FORM", "a map of options"],
  ];
  for (const [options, code, message] of cases) {
    try {
      await trainOptions(options);
      assert.unreachable(options);
    } catch (error) {
      const [first, ...rest] = (error as PipelineFileErrors).errors;
      assert.is(rest.length, 0, options);
      assert.is(first.code, code, options);
      assert.match(first.message, message, options);
    }
  }
  const ful = await errorsOf(one("{ uses: network/init, with: { initialisation: gloro } }"));
  assert.match(ful.errors[0].remedy!, 'Did you mean "glorot"?');
});

test("of a union the branch that was meant is explained", async () => {
  const errors = await errorsOf(one("{ uses: network/init, with: { shape: { kind: round, side: 3 } } }"));
  assert.equal(codes(errors), ["MISSING_OPTION 3:36", "UNKNOWN_OPTION 3:58"]);
  const none = await errorsOf(one("{ uses: network/init, with: { shape: { kind: oval } } }"));
  assert.equal(codes(none), ["INVALID_OPTION 3:43"]);
});

test("variables are replaced in values, with defaults, and keep the type YAML gives them", async () => {
  const environment = { EPOCHS: "20", RATE: "1e-2", EMPTY: "", TEXT: "hello: world", LIST: "[1, 2]" };
  assert.is((await trainOptions("\n      epochs: ${EPOCHS}", { environment })).epochs, 20);
  assert.is((await trainOptions('{ epochs: "${EPOCHS}" }', { environment })).epochs, 20);
  assert.is((await trainOptions('{ epochs: "${NOTHING:33}" }', { environment })).epochs, 33);
  assert.is((await trainOptions('{ learningRate: "${RATE}" }', { environment })).learningRate, 0.01);
  const path = async (text: string) =>
    (await load(one(`{ uses: data/table, with: { path: '${text}' } }`), shapes, { environment })).stages[0]
      .options.path;
  assert.is(await path("${DATA:./x}/train"), "./x/train");
  assert.is(await path("${EMPTY}"), "");
  assert.is(await path("a${EPOCHS}b"), "a20b");
  assert.is(await path("${TEXT}"), "hello: world", "a value never becomes a map");
  assert.is(await path("${LIST}"), "[1, 2]", "nor a list");
  assert.is(await path("$${EPOCHS}"), "${EPOCHS}");
  assert.is(await path("${NOTHING:a:b}"), "a:b");
  assert.is(await path("$5"), "$5");
});

test("a variable that is not set and has no default is an error at its place, as is a malformed one", async () => {
  const errors = await errorsOf(`name: x
stages:
  a: { uses: data/table, with: { path: "\${NOWHERE}/x" } }
  b: { uses: data/table, with: { path: "\${NO WHERE}" } }
`);
  assert.equal(codes(errors), ["UNDEFINED_VARIABLE 3:40", "MALFORMED_VARIABLE 4:40"]);
  assert.match(errors.errors[0].message, "NOWHERE");
});

test("--set replaces values with the type YAML gives them, in order, and makes what is missing", async () => {
  const set = async (...sets: string[]) => trainOptions("{ epochs: 3 }", { sets });
  assert.is((await set("stages.train.with.epochs=20")).epochs, 20);
  assert.is((await set("stages.train.with.epochs=20", "stages.train.with.epochs=30")).epochs, 30);
  assert.is((await set("stages.train.with.batchSize=full")).batchSize, "full");
  assert.equal((await set("stages.train.with.schedule=[{ epoch: 1, factor: 2 }]")).schedule, [
    { epoch: 1, factor: 2 },
  ]);
  const nested = await load(one("{ uses: data/table }"), shapes, {
    sets: ["stages.a.with.path=x=y", "seed=9"],
  });
  assert.is(nested.stages[0].options.path, "x=y");
  assert.is(nested.seed, 9);
  const text =
    "name: x\nstages:\n  a: { uses: data/table, with: { path: x } }\n  b: { uses: labels/noise, from: [c] }";
  const listed = await load(text, shapes, { sets: ["stages.b.from.0=a"] });
  assert.is(listed.wires[0].from.stage, "a");
});

test("a mistake in a --set value points into the command line", async () => {
  const errors = await errorsOf(one("{ uses: data/table, with: { path: x } }"), {
    sets: [
      "stages.a.with.path=[1]",
      "stages.a.with.pth=3",
      "stages.b.with.path=3",
      "nonsense",
      "name.x=3",
      "seed={",
    ],
  });
  const told = errors.errors.map(({ code, location }) => `${code} ${location?.file} ${location?.column}`);
  assert.equal(told.sort(), [
    "INVALID_OPTION command line 26",
    "MALFORMED_SET command line 7",
    "MALFORMED_SET command line 7",
    "SET_PATH command line 7",
    "UNKNOWN_OPTION command line 21",
    "UNKNOWN_STAGE command line 7",
  ]);
  assert.match(errors.message, "--set stages.a.with.path=[1]");
});

test("form: each top-level key is checked", async () => {
  const stage = "stages: { a: { uses: data/table, with: { path: x } } }";
  const cases: readonly [string, string][] = [
    ["", "WRONG_FORM 1:1"],
    ["- 1", "WRONG_FORM 1:1"],
    [stage, "MISSING_KEY 1:1"],
    [`name: x\nseed: -1\n${stage}`, "WRONG_FORM 2:7"],
    [`name: x\nseed: 1.5\n${stage}`, "WRONG_FORM 2:7"],
    [`name: x\nengine: wsm\n${stage}`, "UNKNOWN_ENGINE 2:9"],
    [`name: x\nplugins: [other]\n${stage}`, "NO_PLUGINS 2:10"],
    ["name: x", "MISSING_KEY 1:1"],
    ["name: x\nstages: []", "WRONG_FORM 2:9"],
    ["name: x\nstages: {}", "WRONG_FORM 2:9"],
    ["name: x\nstages:\n  a:", "WRONG_FORM 3:3"],
    ["name: x\nstages:\n  a: { with: {} }", "MISSING_KEY 3:3"],
    ["name: x\nstages:\n  a: { uses: 3 }", "WRONG_FORM 3:14"],
  ];
  for (const [text, wanted] of cases) assert.equal(codes(await errorsOf(text)), [wanted], text);
});

test("what is no YAML is reported with its place, and nothing in a file is executed", async () => {
  const cases: readonly [string, string][] = [
    ["name: x\nname: y\nstages: {}", "REPEATED_KEY 2:1"],
    ["name: [1", "YAML_SYNTAX 1:7"],
    ["name: !!js/function 'x'", "YAML_SYNTAX 1:7"],
    ["name: x\n---\nname: y", "SEVERAL_DOCUMENTS 2:1"],
    ["? [a]\n: 3", "KEY_FORM 1:3"],
    ["name: *nobody", "UNKNOWN_ANCHOR 1:7"],
  ];
  for (const [text, wanted] of cases) assert.is(codes(await errorsOf(text))[0], wanted, text);
});

test("a bomb of aliases, a deep nest, a huge file and a wide map end soon with an error", async () => {
  const began = process.cpuUsage();
  const levels = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (const [index, name] of [..."bcdefghi"].entries()) {
    levels.push(`${name}: &${name} [${`*${"abcdefgh"[index]},`.repeat(9)}]`);
  }
  assert.is((await errorsOf(levels.join("\n"))).errors[0].code, "TOO_MANY_ALIASES");
  assert.is((await errorsOf("[".repeat(50_000))).errors[0].code, "FILE_TOO_DEEP");
  assert.is((await errorsOf(`name: ${"- ".repeat(300)}`)).errors.length > 0, true);
  const steps = Array.from({ length: 200 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n");
  assert.is((await errorsOf(steps)).errors[0].code, "FILE_TOO_DEEP");
  assert.is((await errorsOf(`name: ${"x".repeat(300_000)}`)).errors[0].code, "FILE_TOO_LARGE");
  const wide = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n");
  assert.ok((await errorsOf(wide)).errors.length > 1);
  const { user } = process.cpuUsage(began);
  assert.ok(user < 5e6, `${user} µs`);
});

test("a key that is given twice or is reserved is told with all other mistakes", async () => {
  const errors = await errorsOf(
    `name: x\n__proto__: { seed: 3 }\nseed: -1\nname: y\nstages: { a: { uses: data/table, with: { pth: x, constructor: 2 } } }`,
  );
  assert.equal(codes(errors), [
    "RESERVED_KEY 2:1",
    "WRONG_FORM 3:7",
    "REPEATED_KEY 4:1",
    "MISSING_OPTION 5:34",
    "UNKNOWN_OPTION 5:42",
    "RESERVED_KEY 5:50",
  ]);
});

test("aliases share values, and mistakes in them are told at the anchor", async () => {
  const text = `name: x
stages:
  a: { uses: data/table, with: &options { path: x, pth: y } }
  b: { uses: data/table, with: *options }
`;
  assert.equal(codes(await errorsOf(text)), ["UNKNOWN_OPTION 3:52", "UNKNOWN_OPTION 3:52"]);
});

test("stages check their environment, and what they find is placed in the file with all the rest", async () => {
  const data = {
    ...shape("data/file", {}, {}, Type.Object({ path: Type.String(), labels: Type.Optional(Type.String()) })),
    check: async ({
      options,
      place,
      resolvePath,
    }: {
      options: { path: string; labels?: string };
      place: string;
      resolvePath(path: string): string;
    }) => {
      if (options.path === "several") {
        throw new AggregateError([
          new JacoflowError({ code: "ONE", kind: "invalid", message: "one", place: `${place}.with.path` }),
          new JacoflowError({ code: "TWO", kind: "invalid", message: "two", place: `${place}.with.labels` }),
        ]);
      }
      await readFile(resolvePath(options.path));
    },
  };
  const text = `name: x
stages:
  several: { uses: data/file, with: { path: several, labels: l } }
  missing: { uses: data/file, with: { path: not-there } }
  unknown: { uses: data/fil }
`;
  const errors = await errorsOf(text, {}, stageMap(data));
  assert.equal(codes(errors), ["ONE 3:45", "TWO 3:62", "CHECK_FAILED 4:3", "UNKNOWN_STAGE_TYPE 5:20"]);
  assert.match(
    errors.errors[2].message,
    join(process.cwd(), "not-there"),
    "paths start at the file's folder",
  );
});

test("a secret that is too short to be hidden is refused, by place and name, and its value is in no message", async () => {
  const found = await errorsOf(one('{ uses: sink/console, with: { color: "${HUB_TOKEN}" } }'), {
    environment: { HUB_TOKEN: "q7x" },
  });
  assert.equal(
    found.errors.map(({ code, place }) => [code, place]).filter(([code]) => code !== "UNCONNECTED"),
    [["SHORT_SECRET", "stages.a.with.color"]],
  );
  assert.not.match(found.message, "q7x");
  const empty = await errorsOf(one('{ uses: sink/console, with: { color: "${HUB_TOKEN}" } }'), {
    environment: { HUB_TOKEN: "" },
  });
  assert.not.match(empty.message, "SHORT_SECRET");
});

test("a secret is a text, its every digit kept and hidden", async () => {
  for (const secret of ["0123456", "0x1234ab", "1e1000"]) {
    const pipeline = await load(
      'name: x\nstages:\n  a: { uses: data/table, with: { path: "${HUB_TOKEN}" } }\n',
      shapes,
      { environment: { HUB_TOKEN: secret } },
    );
    assert.is(pipeline.stages[0].options.path, secret);
    assert.match(JSON.stringify(pipeline.document), '"path":"${HUB_TOKEN}"');
  }
});

test.run();
