import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SpillingStore } from "../../../pipeline/run/store.js";
import { examplesTable } from "../../../schemas/tables/examples.js";
import { numberBatch, numberOf, withFolder } from "../../support/pipelines.js";

const test = suite("pipeline/run/store");

async function numbersOf(store: SpillingStore): Promise<number[]> {
  const numbers: number[] = [];
  for await (const batch of store) numbers.push(numberOf(batch));
  return numbers;
}

test("what fits in memory touches no disk", () =>
  withFolder(async (folder) => {
    const store = new SpillingStore(join(folder, "temporary"), "small", 1e6);
    for (let number = 0; number < 10; number += 1) await store.append(numberBatch(number));
    assert.equal(await numbersOf(store), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.equal(await readdir(folder), []);
  }));

test("beyond its memory it spills, and gives back the same batches in order, as often as asked", () =>
  withFolder(async (folder) => {
    const store = new SpillingStore(join(folder, "temporary"), "large", 500);
    const sends = Array.from({ length: 100 }, (_, number) => store.append(numberBatch(number)));
    await Promise.all(sends);
    assert.is(store.length, 100);
    assert.ok(store.files.length > 3);
    const wanted = Array.from({ length: 100 }, (_, number) => number);
    assert.equal(await numbersOf(store), wanted);
    await store.append(numberBatch(100));
    assert.equal(await numbersOf(store), [...wanted, 100]);
    await store.close();
    assert.equal(await readdir(join(folder, "temporary")), []);
  }));

test("aliased columns, NaN and long vectors come back from a spill as they were", () =>
  withFolder(async (folder) => {
    const table = examplesTable([3]);
    const store = new SpillingStore(folder, "examples", 1);
    const label = Int32Array.from([2, 0]);
    const features = Float32Array.from([1, Number.NaN, Number.POSITIVE_INFINITY, -0, 5, 6]);
    const id = Int32Array.from([7, 8]);
    await store.append(table.batch({ id, split: ["train", "test"], features, label, clean_label: label }, 2));
    for await (const batch of store) {
      const back = table.read(batch);
      assert.equal([...back.label], [2, 0]);
      assert.equal([...back.clean_label], [2, 0]);
      assert.ok([...back.features].every((value, index) => Object.is(value, features[index])));
      assert.equal([...back.split], ["train", "test"]);
    }
    await store.close();
  }));

test("a folder that cannot be written is a clear error and leaves no file", () =>
  withFolder(async (folder) => {
    const store = new SpillingStore(join(folder, "not\0a-name"), "x", 1);
    const error = await store.append(numberBatch(0)).catch((reason) => reason);
    assert.is(error.code, "WRITE_FAILED");
    assert.equal(await readdir(folder), []);
  }));

test.run();
