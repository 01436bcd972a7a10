import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { readExamples } from "../../../stages/examples.js";
import { noise } from "../../../stages/labels/noise.js";
import { type ExampleRows, examplesBatch } from "../../support/examples.js";
import { acceptsOptions, checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/labels/noise");

const rows: ExampleRows = {
  train: Array.from({ length: 101 }, (_, row) => row % 3),
  test: Array.from({ length: 40 }, (_, row) => row % 3),
  classes: ["shirt", "trouser", "pullover"],
};

async function noisy(options: object, given: ExampleRows = rows, seed = "seed") {
  const { examples } = await sentBy(noise, {
    options: { ...options },
    seed,
    inputs: { examples: [examplesBatch(given)] },
  });
  assert.is(examples.length, 1);
  return readExamples(new Table([...examples]));
}

const changed = (part: { labels: Int32Array; cleanLabels: Int32Array } | undefined) =>
  part?.labels.filter((label, row) => label !== part.cleanLabels[row]).length;

test("touches the train split alone unless told; clean labels, ids, features, class names stay", async () => {
  const set = await noisy({ fraction: 0.5 });
  assert.is(changed(set.train), 51);
  assert.is(changed(set.test), 0);
  assert.equal([...(set.train?.cleanLabels ?? [])], rows.train);
  assert.equal(set.classes, rows.classes);
  const before = examplesBatch(rows);
  const { examples } = await sentBy(noise, { options: { fraction: 0.5 }, inputs: { examples: [before] } });
  const table = examplesTable([2]);
  const original = table.read(before);
  const result = table.read(examples[0]);
  assert.is(result.features.buffer, original.features.buffer, "features are shared");
  assert.equal(result.id, original.id);
  assert.equal(original.label, original.clean_label, "the input keeps its labels");
  assert.is(changed((await noisy({ fraction: 0.25, split: ["train", "test"] })).test), 10);
  const testOnly = await noisy({ fraction: 0.25, split: "test" });
  assert.equal([changed(testOnly.train), changed(testOnly.test)], [0, 10]);
});

test("the metadata says kind, fraction, splits and the law with the share that was selected", async () => {
  const { noise: law } = await noisy({ fraction: 0.5 });
  const share = 51 / 101;
  assert.is(law?.kind, "uniform-other");
  assert.is(law?.fraction, 0.5);
  assert.equal(law?.splits, ["train"]);
  law?.transition.forEach((row, from) => {
    row.forEach((value, to) => {
      assert.ok(Math.abs(value - (from === to ? 1 - share : share / 2)) < 1e-15);
    });
  });
  const matrix = [
    [0, 1, 0],
    [0, 0, 1],
    [0.5, 0, 0.5],
  ];
  const full = await noisy({ kind: "matrix", matrix });
  assert.equal(full.noise?.transition, matrix);
  assert.is(full.noise?.fraction, 1);
  full.train?.labels.forEach((label, row) => {
    assert.ok(matrix[full.train!.cleanLabels[row]][label] > 0);
  });
});

test("same seed, same labels; another seed, other labels; the splits differ", async () => {
  const labels = async (seed: string) => [
    ...((await noisy({ fraction: 0.5 }, rows, seed)).train?.labels ?? []),
  ];
  assert.equal(await labels("a"), await labels("a"));
  assert.not.equal(await labels("a"), await labels("b"));
  const twins = { train: rows.train, test: rows.train };
  const both = await noisy({ fraction: 0.5, split: ["train", "test"] }, twins);
  assert.not.equal([...(both.train?.labels ?? [])], [...(both.test?.labels ?? [])]);
});

test("rows of the splits may come in any order and several batches", async () => {
  const batch = examplesBatch({ ...rows, classes: rows.classes ?? [] });
  const whole = await noisy({ fraction: 0.5 });
  const parts = [batch.slice(120), batch.slice(0, 50), batch.slice(50, 120)];
  const { examples } = await sentBy(noise, { options: { fraction: 0.5 }, inputs: { examples: parts } });
  const set = readExamples(new Table([...examples]));
  assert.is(changed(set.train), 51);
  assert.equal([...(set.train?.labels ?? [])], [...(whole.train?.labels ?? [])]);
  assert.equal([...(set.test?.ids.slice(0, 3) ?? [])], [19, 20, 21]);
});

test("without class names K is the largest label + 1", async () => {
  const set = await noisy({ fraction: 1 }, { train: [0, 1, 0, 1], test: [0, 3] });
  assert.is(set.noise?.transition.length, 4);
  assert.is(set.classes, undefined);
});

async function failure(options: object, given: ExampleRows = rows): Promise<string | undefined> {
  const { error, batches } = await runStage(noise, {
    options: { ...options },
    inputs: { examples: [examplesBatch(given)] },
  });
  assert.is(batches.examples.length, 0);
  assert.is((error as JacoflowError).exitCode, 78);
  return (error as JacoflowError).code;
}

test("noise on noisy labels, on an absent split, on labels out of range or with a wrong matrix is an error", async () => {
  const { examples } = await sentBy(noise, {
    options: { fraction: 0.5 },
    inputs: { examples: [examplesBatch(rows)] },
  });
  const { error } = await runStage(noise, { options: { fraction: 0.1 }, inputs: { examples } });
  assert.is((error as JacoflowError).code, "ALREADY_NOISY");
  assert.match((error as JacoflowError).message, "51 differ");
  assert.is(await failure({ fraction: 0.5, split: "test" }, { train: [0, 1] }), "OPTION_VALUE");
  assert.is(
    await failure({ fraction: 0.5 }, { train: [0, 1, 2], classes: ["a", "b"] }),
    "LABEL_OUT_OF_RANGE",
  );
  assert.is(await failure({ fraction: 0.5 }, { train: [0, -1] }), "LABEL_OUT_OF_RANGE");
  assert.is(await failure({ kind: "matrix", matrix: [[1]] }), "OPTION_VALUE");
  assert.is(await failure({ fraction: 0.5 }, { train: [0, 0], classes: ["only"] }), "OPTION_VALUE");
});

test("validate finds every option that contradicts another, all at once", async () => {
  const places = async (options: object) =>
    (await checkStage(noise, { ...options })).map((error) => error.place);
  assert.equal(await places({ fraction: 0.5 }), []);
  assert.equal(
    await places({
      kind: "matrix",
      matrix: [
        [0.25, 0.75],
        [1, 0],
      ],
    }),
    [],
  );
  assert.equal(await places({}), ["stages.tested.with.fraction"]);
  assert.equal(await places({ kind: "matrix" }), ["stages.tested.with.matrix"]);
  assert.equal(await places({ matrix: [[1]] }), ["stages.tested.with.matrix", "stages.tested.with.fraction"]);
  assert.equal(await places({ kind: "matrix", matrix: [[0.5, 0.4], [1]] }), [
    "stages.tested.with.matrix[0]",
    "stages.tested.with.matrix[1]",
  ]);
});

test("refuses fractions outside [0, 1] and unknown kinds and options", () => {
  for (const wrong of [
    { fraction: 1.1 },
    { fraction: -0.1 },
    { kind: "uniform" },
    { split: "valid" },
    { rate: 1 },
  ]) {
    assert.not(acceptsOptions(noise, { fraction: 0.5, ...wrong }), JSON.stringify(wrong));
  }
});

test.run();
