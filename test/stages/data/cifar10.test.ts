import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { cifar10 } from "../../../stages/data/cifar10.js";
import { type ExampleSet, readExamples } from "../../../stages/examples.js";
import { withFolder } from "../../support/folder.js";
import { checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/data/cifar10");

/** A pixel that tells image, channel, row and column apart. */
const pixelOf = (image: number, channel: number, row: number, column: number) =>
  (image * 53 + channel * 101 + row * 7 + column * 3 + ((row * column) % 11)) % 256;

function record(label: number, image: number): Buffer {
  const bytes = Buffer.alloc(3073);
  bytes[0] = label;
  for (let channel = 0; channel < 3; channel += 1) {
    for (let at = 0; at < 1024; at += 1) {
      bytes[1 + channel * 1024 + at] = pixelOf(image, channel, at >> 5, at & 31);
    }
  }
  return bytes;
}

/** Twelve training images a file and ten test images; image numbers run on over the files. */
async function writeFiles(folder: string): Promise<void> {
  for (let file = 0; file < 5; file += 1) {
    const records = Array.from({ length: 12 }, (_, at) => record((file * 12 + at) % 10, file * 12 + at));
    await writeFile(join(folder, `data_batch_${file + 1}.bin`), Buffer.concat(records));
  }
  const records = Array.from({ length: 10 }, (_, at) => record(9 - at, 1000 + at));
  await writeFile(join(folder, "test_batch.bin"), Buffer.concat(records));
}

async function read(folder: string, options: object = {}): Promise<ExampleSet> {
  const { examples } = await sentBy(cifar10, { folder, options: { path: ".", ...options } });
  return readExamples(new Table([...examples]));
}

async function codes(folder: string, options: object = {}): Promise<readonly (string | undefined)[]> {
  const [checked] = await checkStage(cifar10, { path: ".", ...options }, folder);
  const { error, batches } = await runStage(cifar10, { folder, options: { path: ".", ...options } });
  if (error !== undefined) assert.is(batches.examples.length, 0, "nothing is sent before an error");
  return [checked?.code, (error as JacoflowError | undefined)?.code];
}

test("every image, channels last, in the order of the five files; names of the classes", () =>
  withFolder(async (folder) => {
    await writeFiles(folder);
    const set = await read(folder);
    assert.equal(set.shape, [32, 32, 3]);
    assert.is(set.classes?.[3], "cat");
    assert.equal([...set.train!.ids], [...Array(60).keys()]);
    assert.equal(
      [...set.train!.labels],
      Array.from({ length: 60 }, (_, at) => at % 10),
    );
    assert.equal([...set.test!.labels], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    for (const [part, offset] of [
      [set.train!, 0],
      [set.test!, 1000],
    ] as const) {
      part.features.values.forEach((value, at) => {
        const image = Math.floor(at / 3072);
        const [row, column, channel] = [Math.floor((at % 3072) / 96), Math.floor(at / 3) % 32, at % 3];
        const wanted = pixelOf(image + offset, channel, row, column) / 255;
        if (Math.abs(value - wanted) > 1e-7) assert.unreachable(`value ${at} is ${value}, not ${wanted}`);
      });
    }
    assert.equal(await codes(folder), [undefined, undefined]);
  }));

test("classes by name or number, relabelled in their order; counts balanced over them", () =>
  withFolder(async (folder) => {
    await writeFiles(folder);
    const set = await read(folder, { classes: ["cat", 0], train: 5, test: 2 });
    assert.equal(set.classes, ["cat", "airplane"]);
    assert.equal([...set.train!.ids], [0, 3, 10, 13, 23]);
    assert.equal([...set.train!.labels], [1, 0, 1, 0, 0]);
    assert.equal([...set.test!.ids], [6, 9]);
    assert.is((await read(folder, { test: 0 })).test, undefined);
  }));

test("standardised per example or by given means and deviations a channel", () =>
  withFolder(async (folder) => {
    await writeFiles(folder);
    const given = { mean: [0.5, 0.4, 0.3], deviation: [0.2, 0.3, 0.4] };
    const values = (await read(folder, { standardise: given })).train!.features.values;
    for (const channel of [0, 1, 2]) {
      const wanted = (pixelOf(0, channel, 0, 1) / 255 - given.mean[channel]) / given.deviation[channel];
      assert.ok(Math.abs(values[3 + channel] - wanted) < 1e-6);
    }
    const image = (await read(folder, { standardise: "per-example" })).train!.features.values.subarray(
      0,
      3072,
    );
    const mean = image.reduce((sum, value) => sum + value, 0) / 3072;
    const square = image.reduce((sum, value) => sum + value ** 2, 0) / 3072;
    assert.ok(Math.abs(mean) < 1e-6 && Math.abs(square - 1) < 1e-5, `${mean} ${square}`);
    assert.equal(await codes(folder, { standardise: { mean: [1, 2], deviation: 1 } }), [
      "OPTION_VALUE",
      "OPTION_VALUE",
    ]);
  }));

test("missing folders and files, files cut short, foreign labels, too few images, a class named twice", () =>
  withFolder(async (folder) => {
    const both = (code: string) => [code, code];
    assert.equal(await codes(folder, { path: "absent" }), both("DATA_FOLDER_MISSING"));
    assert.equal(await codes(folder), both("DATA_FILE_MISSING"));
    await writeFiles(folder);
    assert.equal(await codes(folder, { train: 61 }), ["OPTION_VALUE", "TOO_FEW_EXAMPLES"]);
    assert.equal(await codes(folder, { classes: ["cat", 3] }), both("OPTION_VALUE"));
    await writeFile(join(folder, "data_batch_2.bin"), record(1, 1).subarray(0, 3000));
    assert.equal(await codes(folder), both("CIFAR10_LENGTH"));
    await writeFile(join(folder, "data_batch_2.bin"), record(10, 1));
    assert.equal(await codes(folder), [undefined, "LABEL_OUT_OF_RANGE"]);
  }));

/** Where the whole of CIFAR-10 is: `JACOFLOW_DATA` names the folder that holds cifar-10-batches-bin. */
const whole = join(process.env.JACOFLOW_DATA ?? "", "cifar-10-batches-bin");
const wholeTest = process.env.JACOFLOW_DATA !== undefined && existsSync(whole) ? test : test.skip;
if (wholeTest === test.skip) console.log("skipped: JACOFLOW_DATA names no folder with cifar-10-batches-bin");

wholeTest("all of CIFAR-10 is 5,000 training and 1,000 test images a class", async () => {
  const { examples } = await sentBy(cifar10, { options: { path: whole } });
  const set = readExamples(new Table([...examples]));
  for (const [part, each] of [
    [set.train!, 5000],
    [set.test!, 1000],
  ] as const) {
    const counts = Array<number>(10).fill(0);
    for (const label of part.labels) counts[label] += 1;
    assert.equal(counts, Array<number>(10).fill(each));
  }
  // Means of the channels over the training images, as published with the data by many: 0.4914, 0.4822, 0.4465.
  const sums = [0, 0, 0];
  set.train!.features.values.forEach((value, at) => {
    sums[at % 3] += value;
  });
  assert.equal(
    sums.map((sum) => (sum / (50_000 * 1024)).toFixed(4)),
    ["0.4914", "0.4822", "0.4465"],
  );
});

test.run();
