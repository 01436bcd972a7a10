// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the ${NAME} of pipeline files is what is tested
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { loadFile, loadPipeline } from "../../../pipeline/file/load.js";
import { PipelineFileErrors } from "../../../pipeline/file/mistake.js";
import type { LoadedFile, LoadRequest } from "../../../pipeline/file/request.js";
import { runId } from "../../../pipeline/file/runId.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { shapes } from "../../support/shapes.js";

const test = suite("the matrix of a file");

const file = (matrix: string) => `name: many
variables: { rate: 0.1, twice: "\${rate}" }
matrix:
  ${matrix}
stages:
  data: { uses: data/table, with: { path: d } }
  network: { uses: network/init, from: data }
  train: { uses: train/gradient-descent, from: [data, network], with: { epochs: 2, learningRate: "\${twice}" } }
  show: { uses: sink/console, from: train.metrics }
`;

const load = (text: string, more: Partial<LoadRequest> = {}): Promise<LoadedFile> =>
  loadFile({ text, file: "m.yaml", stages: shapes, engines: ["wasm"], environment: {}, ...more });

const ids = async (matrix: string) => (await load(file(matrix))).runs.map(({ id }) => id);

async function mistakes(matrix: string, sets: readonly string[] = []): Promise<readonly string[]> {
  try {
    await load(file(matrix), { sets });
  } catch (error) {
    if (!(error instanceof PipelineFileErrors)) throw error;
    return error.errors.map(({ code, location }) =>
      location?.file === "command line"
        ? `${code} command line`
        : `${code} ${location?.line}:${location?.column}`,
    );
  }
  return [];
}

test("every combination is a run with its values in place, the last path fastest", async () => {
  const { axes, runs } = await load(
    file("{ seed: [1, 2], variables.rate: [0.2, 0.4], stages.train.with.batchSize: [full] }"),
  );
  assert.equal(axes, ["seed", "variables.rate", "stages.train.with.batchSize"]);
  const seen = runs.map(({ values, pipeline }) => {
    const { learningRate, batchSize } = pipeline.stages[2].options;
    assert.equal(values, {
      seed: pipeline.seed,
      "variables.rate": learningRate,
      "stages.train.with.batchSize": batchSize,
    });
    return `${pipeline.seed} ${learningRate} ${batchSize}`;
  });
  assert.equal(seen, ["1 0.2 full", "1 0.4 full", "2 0.2 full", "2 0.4 full"]);
  assert.not.ok("matrix" in runs[0].pipeline.document);
});

test("exclude takes runs of the product away, include adds runs", async () => {
  const { axes, runs } = await load(
    file(
      "{ seed: [1, 2], variables.rate: [0.2, 0.4], exclude: [{ seed: 2, variables.rate: 0.2 }], include: [{ seed: 9, stages.train.with.epochs: 5 }] }",
    ),
  );
  assert.equal(axes, ["seed", "variables.rate", "stages.train.with.epochs"]);
  const told = runs.map(({ pipeline }) => {
    const { learningRate, epochs } = pipeline.stages[2].options;
    return `${pipeline.seed} ${learningRate} ${epochs}`;
  });
  assert.equal(told, ["1 0.2 2", "1 0.4 2", "2 0.4 2", "9 0.1 5"]);
});

test("a run's id stays the same whatever the order of paths and the other values", async () => {
  const all = await ids("{ seed: [1, 2], variables.rate: [0.2] }");
  assert.equal(all, ["seed-1_rate-0.2_a830c514", "seed-2_rate-0.2_6313ca8c"]);
  assert.equal(await ids("{ variables.rate: [0.4, 0.2], seed: [1] }").then((found) => found[1]), all[0]);
  assert.equal(await ids("{ include: [{ variables.rate: 0.2, seed: 2 }] }"), [all[1]]);
  assert.equal(await ids("{ variables.rate: ['${R:0.2}'], seed: [1] }"), [all[0]], "of what is filled in");
});

test("ids are fit for folders, and different for different values", () => {
  const value = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.boolean(), fc.array(fc.integer()));
  const values = fc.dictionary(fc.string({ minLength: 1 }), value, { minKeys: 1, maxKeys: 4 });
  fc.assert(
    fc.property(values, values, (left, right) => {
      assert.match(runId(left), /^[A-Za-z0-9._-]{0,60}_[0-9a-f]{8}$/);
      const same =
        JSON.stringify(Object.entries(left).sort()) === JSON.stringify(Object.entries(right).sort());
      if (!same) assert.is.not(runId(left), runId(right));
    }),
  );
});

test("mistakes are told once, at the value of the matrix that makes them", async () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["{ stages.train.with.epochs: [1, none, 3], seed: [1, 2] }", ["INVALID_OPTION 4:35"]],
    ["{ stages.train.with.epoch: [1, 2] }", ["UNKNOWN_OPTION 4:5"]],
    ["{ stages.trian.with.epochs: [1, 2] }", ["UNKNOWN_STAGE 4:5"]],
    ["{ variables.rat: [1] }", ["SET_UNKNOWN_VARIABLE 4:5"]],
    ["{ seed: 3 }", ["MATRIX_VALUES 4:11"]],
    ["{ seed: [] }", ["MATRIX_VALUES 4:11"]],
    ["{ seed: [1, 2, 1] }", ["MATRIX_REPEATED 4:18"]],
    ["{ exclude: [] }", ["MATRIX_EMPTY 4:3"]],
    ["[1]", ["WRONG_FORM 4:3"]],
    ["{ train.epochs: [1, 2] }", ["UNKNOWN_KEY 4:5"]],
    ["{ include: [{ stages.train.wit.epochs: 1 }] }", ["UNKNOWN_KEY 4:17"]],
    // Nothing else is hidden, and nothing is wrong only because a list is.
    ["{ seed: 3, stages.train.with.epochs: [none] }", ["MATRIX_VALUES 4:11", "INVALID_OPTION 4:41"]],
    ["{ stages.data.with.path: d, seed: [] }", ["MATRIX_VALUES 4:28", "MATRIX_VALUES 4:37"]],
    ["{ seed: [1], exclude: [{ sead: 1 }] }", ["MATRIX_UNKNOWN_PATH 4:28"]],
    ["{ seed: [1], exclude: [{ seed: 2 }] }", ["MATRIX_EXCLUDES_NOTHING 4:26"]],
    ["{ extends: [a.yaml] }", ["NOT_SETTABLE 4:5"]],
    [
      `{ seed: [${Array.from({ length: 200 }, (_, i) => i)}], variables.rate: [${Array.from({ length: 200 }, (_, i) => i)}] }`,
      ["TOO_MANY_RUNS 4:3"],
    ],
  ];
  for (const [matrix, wanted] of cases) assert.equal(await mistakes(matrix), wanted, matrix);
});

test("the command line sets lists of the matrix, and nothing the matrix varies", async () => {
  const text = file("{ seed: [1, 2] }");
  const { runs } = await load(text, {
    sets: ["matrix.seed=[5, 6]", "matrix.stages.train.with.epochs=[3]", "variables.rate=0.9"],
  });
  assert.equal(
    runs.map(({ pipeline }) => [
      pipeline.seed,
      pipeline.stages[2].options.epochs,
      pipeline.stages[2].options.learningRate,
    ]),
    [
      [5, 3, 0.9],
      [6, 3, 0.9],
    ],
  );
  assert.equal(await mistakes("{ seed: [1, 2] }", ["seed=3"]), ["MATRIX_OVERRIDES command line"]);
  assert.equal(await mistakes("{ seed: [1, 2] }", ["matrix.seed=[none]"]), ["WRONG_FORM command line"]);
});

test("one run is chosen by its id, and a file of many is no single pipeline", async () => {
  const text = file("{ seed: [1, 2] }");
  const { runs } = await load(text);
  const request = { text, file: "m.yaml", stages: shapes, engines: ["wasm" as const], environment: {} };
  assert.is((await loadPipeline({ ...request, run: runs[1].id })).seed, 2);
  const codeOf = async (more: Partial<LoadRequest>) => {
    try {
      await loadPipeline({ ...request, ...more });
    } catch (error) {
      if (error instanceof JacoflowError) return error.code;
    }
    return undefined;
  };
  assert.is(await codeOf({}), "SEVERAL_RUNS");
  assert.is(await codeOf({ run: "seed-3_00000000" }), "UNKNOWN_RUN");
  assert.is(await codeOf({ run: "x", text: text.replace(/matrix:\n.*\n/, "") }), "UNKNOWN_RUN");
});

test.run();
