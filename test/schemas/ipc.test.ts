import { Dictionary, Int32, makeData, RecordBatch, Table, Utf8, vectorFromArray } from "apache-arrow";
import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeArrow, encodeArrow, joinChunks, schemaDifference } from "../../schemas/ipc.js";
import { examplesTable } from "../../schemas/tables/examples.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { basis } from "../../schemas/tables/spectrum.js";
import { numberBatch } from "../support/pipelines.js";

const test = suite("schemas/ipc");

/** A batch whose label and clean_label are one typed array, as before label noise. */
function aliased(first: number, rows: number) {
  const table = examplesTable([2], { classes: ["a", "b", "c"] });
  const label = Int32Array.from({ length: rows }, (_, row) => (first + row) % 3);
  const batch = table.batch(
    {
      id: Int32Array.from({ length: rows }, (_, row) => first + row),
      split: "train",
      features: Float32Array.from({ length: rows * 2 }, (_, index) => first + index / 2),
      label,
      clean_label: label,
    },
    rows,
  );
  return { table, batch };
}

for (const form of ["file", "stream"] as const) {
  test(`two columns that share one typed array come back right from a ${form}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
        async (sizes) => {
          const batches = sizes.map((rows, index) => aliased(index * 10, rows).batch);
          const { table } = aliased(0, 1);
          const bytes = joinChunks(await encodeArrow(batches[0].schema, batches, form));
          const decoded = decodeArrow(bytes);
          assert.is(schemaDifference(decoded.schema, table.schema), undefined);
          const read = table.read(new Table(decoded.batches));
          const wanted = table.read(new Table(batches));
          assert.is(read.length, wanted.length);
          for (const column of ["id", "label", "clean_label", "features", "split"] as const) {
            assert.equal([...read[column]], [...wanted[column]], column);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  test(`a ${form} without batches has its schema`, async () => {
    const decoded = decodeArrow(joinChunks(await encodeArrow(metrics.schema, [], form)));
    assert.is(schemaDifference(decoded.schema, metrics.schema), undefined);
    assert.is(
      decoded.batches.reduce((rows, batch) => rows + batch.numRows, 0),
      0,
    );
  });
}

test("the same batches make the same bytes", async () => {
  const encode = async () => joinChunks(await encodeArrow(metrics.schema, [numberBatch(1), numberBatch(2)]));
  assert.equal(await encode(), await encode());
});

test("bytes at an odd place in memory are read all the same", async () => {
  const bytes = joinChunks(await encodeArrow(metrics.schema, [numberBatch(5)]));
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.equal([...metrics.read(decodeArrow(shifted.subarray(3)).batches[0]).value], [5]);
});

test("empty lists and lists of different lengths come back", async () => {
  const batch = basis.batch(
    {
      stage: "svd",
      jacobian_step: 0,
      epoch: 0,
      split: "train",
      index: [1, 2],
      left: { values: Float32Array.from([1, 2, 3]), offsets: Int32Array.from([0, 3, 3]) },
      ids: { values: Int32Array.from([4]), offsets: Int32Array.from([0, 1, 1]) },
      singular_value: [2, 1],
      next_singular_value: [1, 0],
      energy_share: [0.5, Number.NaN],
    },
    2,
  );
  const [back] = decodeArrow(joinChunks(await encodeArrow(basis.schema, [batch]))).batches;
  const read = basis.read(back);
  assert.equal([...read.left.offsets], [0, 3, 3]);
  assert.equal([...read.left.values.subarray(0, 3)], [1, 2, 3]);
  assert.equal([...read.ids.values.subarray(0, 1)], [4]);
  assert.ok(Number.isNaN(read.energy_share[1]));
});

test("dictionaries that were read back and so are other objects do not break a file", async () => {
  const first = numberBatch(1);
  const [again] = decodeArrow(joinChunks(await encodeArrow(metrics.schema, [numberBatch(2)]))).batches;
  const { batches } = decodeArrow(joinChunks(await encodeArrow(metrics.schema, [first, again])));
  assert.equal(
    batches.flatMap((batch) => [...metrics.read(batch).split]),
    ["train", "train"],
  );
});

test("a dictionary that changes its values within a file is a clear error", async () => {
  const type = new Dictionary(new Utf8(), new Int32(), 0);
  const make = (words: readonly string[]) => {
    const codes = makeData({
      type,
      length: words.length,
      data: Int32Array.from(words.keys()),
      dictionary: vectorFromArray([...words], new Utf8()),
    });
    return new RecordBatch({ word: codes });
  };
  const batches = [make(["a"]), make(["b"])];
  const error = await encodeArrow(batches[0].schema, batches).catch((reason) => reason);
  assert.is(error.code, "REPLACED_DICTIONARY");
});

test("schemas differ in words", () => {
  const plain = examplesTable([2]).schema;
  assert.is(schemaDifference(plain, examplesTable([2]).schema), undefined);
  assert.match(schemaDifference(plain, examplesTable([3]).schema)!, "features");
  assert.match(schemaDifference(plain, examplesTable([2], { classes: ["a"] }).schema)!, "classes");
  assert.match(schemaDifference(plain, metrics.schema)!, "columns");
});

test.run();
