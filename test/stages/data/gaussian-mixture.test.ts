import { Table } from "apache-arrow";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { gaussianMixture } from "../../../stages/data/gaussian-mixture.js";
import { type ExampleSet, readExamples } from "../../../stages/examples.js";
import { acceptsOptions, checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/data/gaussian-mixture");

async function draw(options: object, seed = "seed"): Promise<ExampleSet> {
  const { examples } = await sentBy(gaussianMixture, { options: { ...options }, seed });
  return readExamples(new Table([...examples]));
}

const rowsOf = ({ rows, columns, values }: { rows: number; columns: number; values: Float32Array }) =>
  Array.from({ length: rows }, (_, row) => [...values.subarray(row * columns, (row + 1) * columns)]);

const norm = (vector: readonly number[]) => Math.hypot(...vector);
const minus = (left: readonly number[], right: readonly number[]) =>
  left.map((value, at) => value - right[at]);

test("without deviation the inputs are KC unit vectors, every class and cluster as often", async () => {
  const set = await draw({ classes: 3, clusters: 2, dimension: 7, sigma: 0, train: 12, test: 6 });
  const train = rowsOf(set.train!.features);
  assert.equal([...set.train!.labels], [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2]);
  assert.equal([...set.train!.ids], [...Array(12).keys()]);
  assert.equal([...set.test!.ids], [...Array(6).keys()]);
  assert.is(new Set(train.map(String)).size, 6);
  assert.equal(train.slice(0, 6), train.slice(6), "the clusters take turns");
  assert.equal(rowsOf(set.test!.features), train.slice(0, 6), "test examples are of the same clusters");
  for (const row of train) assert.ok(Math.abs(norm(row) - 1) < 1e-6);
  assert.equal(set.classes, ["0", "1", "2"]);
});

test("inputs lie about sigma from their centres, without bias", async () => {
  const shape = { classes: 2, dimension: 50, train: 400 };
  const centres = rowsOf((await draw({ ...shape, sigma: 0 })).train!.features);
  const inputs = rowsOf((await draw({ ...shape, sigma: 0.3 })).train!.features);
  const away = inputs.map((input, row) => minus(input, centres[row]));
  const meanSquare = away.reduce((sum, vector) => sum + norm(vector) ** 2, 0) / away.length;
  // E ‖x − μ‖² = σ², with deviation σ² √(2 / (d n)) over n inputs: 5 of them are 5 %.
  assert.ok(Math.abs(meanSquare / 0.09 - 1) < 0.05, String(meanSquare));
  const mean = away.reduce(
    (sum, vector) => sum.map((value, at) => value + vector[at] / away.length),
    Array<number>(50).fill(0),
  );
  assert.ok(norm(mean) < (0.3 * 3) / Math.sqrt(400), String(norm(mean)));
});

test("centres keep their separation, whatever the mixture; the same seed gives the same, more test examples change no training example", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 3, max: 9 }),
      fc.string(),
      async (classes, clusters, dimension, seed) => {
        const separation = 0.5;
        const mixture = { classes, clusters, dimension, separation, train: classes * clusters };
        const centres = rowsOf((await draw({ ...mixture, sigma: 0 }, seed)).train!.features);
        centres.forEach((left, at) => {
          for (const right of centres.slice(0, at)) assert.ok(norm(minus(left, right)) > separation - 1e-6);
        });
        const alone = await draw(mixture, seed);
        const both = await draw({ ...mixture, test: 5 }, seed);
        assert.equal([...both.train!.features.values], [...alone.train!.features.values]);
      },
    ),
    { numRuns: 30 },
  ));

test("unit-norm makes every input one", async () => {
  const set = await draw({
    classes: 2,
    dimension: 5,
    sigma: 1,
    train: 20,
    test: 4,
    standardise: "unit-norm",
  });
  for (const row of [...rowsOf(set.train!.features), ...rowsOf(set.test!.features)]) {
    assert.ok(Math.abs(norm(row) - 1) < 1e-6);
  }
});

test("centres that cannot be so far apart are refused: at once where geometry says so, else when the draws fail", async () => {
  const crowded = { classes: 5, clusters: 4, dimension: 2, train: 20 };
  assert.equal(
    (await checkStage(gaussianMixture, { ...crowded, separation: 1.5 })).map(({ code, place }) => [
      code,
      place,
    ]),
    [["OPTION_VALUE", "stages.tested.with.separation"]],
  );
  assert.equal(await checkStage(gaussianMixture, { ...crowded, separation: 1 }), []);
  const { error, batches } = await runStage(gaussianMixture, { options: { ...crowded, separation: 1 } });
  assert.is((error as { code?: string }).code, "OPTION_VALUE");
  assert.equal(batches.examples, []);
  assert.not(acceptsOptions(gaussianMixture, { ...crowded, sigma: -1 }));
});

test.run();
