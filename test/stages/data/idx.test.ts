import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Table } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { JacoflowError } from "../../../schemas/errors/error.js";
import { idx } from "../../../stages/data/idx.js";
import { type ExampleSet, readExamples } from "../../../stages/examples.js";
import { withFolder } from "../../support/folder.js";
import { idxBytes, pixelOf, writeIdxPair } from "../../support/idx.js";
import { acceptsOptions, checkStage, runStage, sentBy } from "../../support/stage.js";

const test = suite("stages/data/idx");

const train = [2, 0, 1, 1, 0, 2, 2, 0, 1, 0];
const tested = [0, 1, 2, 2, 1];

async function read(folder: string, options: object = {}): Promise<ExampleSet> {
  const { examples } = await sentBy(idx, { folder, options: { path: ".", ...options } });
  assert.is(examples.length, 1);
  return readExamples(new Table([...examples]));
}

/** Both what `check` says (first error's code) and what a run says, of the same folder and options. */
async function codes(
  folder: string,
  options: object = {},
): Promise<[string | undefined, string | undefined]> {
  const given = { path: ".", ...options };
  const [checked] = await checkStage(idx, given, folder);
  const { error, batches } = await runStage(idx, { folder, options: given });
  if (error !== undefined) {
    assert.is(batches.examples.length, 0, "nothing is sent before an error");
    assert.is((error as JacoflowError).exitCode, 78);
  }
  return [checked?.code, (error as JacoflowError | undefined)?.code];
}

for (const gz of [false, true]) {
  test(`reads every image and label${gz ? " of gzipped files" : ""} in file order`, () =>
    withFolder(async (folder) => {
      await writeIdxPair(folder, "train", train, { gz });
      await writeIdxPair(folder, "t10k", tested, { gz, offset: 5 });
      const set = await read(folder);
      assert.equal(set.shape, [2, 3, 1]);
      assert.equal(set.classes, ["0", "1", "2"]);
      assert.equal([...(set.train?.labels ?? [])], train);
      assert.equal([...(set.train?.cleanLabels ?? [])], train);
      assert.equal([...(set.train?.ids ?? [])], [...train.keys()]);
      assert.equal([...(set.test?.labels ?? [])], tested);
      assert.equal([...(set.test?.ids ?? [])], [...tested.keys()]);
      const wanted = (n: number, offset: number) =>
        Array.from({ length: n * 6 }, (_, at) =>
          Math.fround(pixelOf(Math.floor(at / 6), at % 6, offset) / 255),
        );
      const found = (values: Float32Array | undefined) => [...(values ?? [])];
      assert.ok(
        found(set.train?.features.values).every((value, at) => Math.abs(value - wanted(10, 0)[at]) < 1e-7),
      );
      assert.ok(
        found(set.test?.features.values).every((value, at) => Math.abs(value - wanted(5, 5)[at]) < 1e-7),
      );
      assert.is(found(set.train?.features.values).length, 60);
      assert.ok(set.train?.features.values.buffer instanceof SharedArrayBuffer);
      assert.is(set.train?.features.values.buffer, set.test?.features.values.buffer);
      assert.equal(await codes(folder), [undefined, undefined]);
    }));
}

test("classes are relabelled in their order, counts balanced, ids stay the places in the file", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train);
    await writeIdxPair(folder, "t10k", tested);
    const set = await read(folder, { classes: [2, 0], train: 3, test: 2, standardise: "per-example" });
    assert.equal(set.classes, ["2", "0"]);
    // Two of class 2 (positions 0, 5), one of class 0 (position 1).
    assert.equal([...(set.train?.ids ?? [])], [0, 1, 5]);
    assert.equal([...(set.train?.labels ?? [])], [0, 1, 0]);
    assert.equal([...(set.test?.ids ?? [])], [0, 2]);
    const image = set.train?.features.values.subarray(12, 18) ?? new Float32Array();
    const pixels = Array.from({ length: 6 }, (_, place) => pixelOf(5, place));
    const mean = pixels.reduce((sum, pixel) => sum + pixel, 0) / 6;
    const deviation = Math.sqrt(pixels.reduce((sum, pixel) => sum + (pixel - mean) ** 2, 0) / 6);
    image.forEach((value, place) => {
      assert.ok(Math.abs(value - (pixels[place] - mean) / deviation) < 1e-6);
    });
  }));

test("test: 0 reads no test file", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train);
    assert.is((await read(folder, { test: 0 })).test, undefined);
    assert.equal(await codes(folder, { test: 0 }), [undefined, undefined]);
    assert.equal(await codes(folder), ["DATA_FILE_MISSING", "DATA_FILE_MISSING"]);
  }));

test("more images than one piece of a file are put together right", () =>
  withFolder(async (folder) => {
    const labels = Array.from({ length: 700 }, (_, at) => at % 2);
    for (const gz of [false, true]) {
      await writeIdxPair(folder, "train", labels, { gz, side: [28, 28] });
      const set = await read(folder, { test: 0 });
      const values = set.train?.features.values ?? new Float32Array();
      assert.is(values.length, 700 * 784);
      let worst = 0;
      values.forEach((value, at) => {
        worst = Math.max(worst, Math.abs(value * 255 - pixelOf(Math.floor(at / 784), at % 784)));
      });
      assert.ok(worst < 1e-4, String(worst));
      await rm(join(folder, `train-images-idx3-ubyte${gz ? ".gz" : ""}`));
    }
  }));

test("a missing folder, a folder in a file's place, and missing files are invalid", () =>
  withFolder(async (folder) => {
    assert.equal(await codes(folder, { path: "absent" }), ["DATA_FOLDER_MISSING", "DATA_FOLDER_MISSING"]);
    assert.equal(await codes(folder), ["DATA_FILE_MISSING", "DATA_FILE_MISSING"]);
    const errors = await checkStage(idx, { path: "." }, folder);
    assert.is(errors.length, 2, "both splits are reported");
    assert.match(errors[1].remedy ?? "", /t10k-images-idx3-ubyte\.gz/);
    assert.is(errors[0].place, "stages.tested.with.path");
  }));

type Damage = (bytes: Buffer) => Buffer;
const damages: readonly (readonly [string, Damage, string])[] = [
  ["cut in its items", (bytes) => bytes.subarray(0, bytes.length - 4), "IDX_LENGTH"],
  ["cut in its header", (bytes) => bytes.subarray(0, 9), "IDX_HEADER"],
  ["empty", () => Buffer.alloc(0), "IDX_HEADER"],
  ["too long", (bytes) => Buffer.concat([bytes, Buffer.of(1)]), "IDX_LENGTH"],
  ["of another type", (bytes) => Buffer.concat([Buffer.of(0, 0, 13), bytes.subarray(3)]), "IDX_HEADER"],
  ["of other dimensions", (bytes) => Buffer.concat([Buffer.of(0, 0, 8, 2), bytes.subarray(4)]), "IDX_HEADER"],
  ["no IDX file at all", () => Buffer.from("<!DOCTYPE html><html></html>"), "IDX_HEADER"],
  [
    "promising four thousand million images",
    (bytes) => {
      const copy = Buffer.from(bytes);
      copy.writeUInt32BE(0xffffffff, 4);
      return copy;
    },
    "IDX_LENGTH",
  ],
];

for (const [words, damage, code] of damages) {
  test(`an images file ${words} is ${code}, plain and gzipped`, () =>
    withFolder(async (folder) => {
      await writeIdxPair(folder, "train", train);
      const bytes = damage(idxBytes([10, 2, 3], new Uint8Array(60)));
      await writeFile(join(folder, "train-images-idx3-ubyte"), bytes);
      assert.equal(await codes(folder, { test: 0 }), [code, code]);
      await rm(join(folder, "train-images-idx3-ubyte"));
      await writeFile(join(folder, "train-images-idx3-ubyte.gz"), gzipSync(bytes));
      assert.is((await codes(folder, { test: 0 }))[1], code);
    }));
}

test("a gzipped file cut short or spoilt is an error of the file", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train, { gz: true });
    const name = join(folder, "train-images-idx3-ubyte.gz");
    const bytes = gzipSync(
      idxBytes(
        [10, 2, 3],
        Uint8Array.from({ length: 60 }, (_, at) => (at * 97) % 251),
      ),
    );
    await writeFile(name, bytes.subarray(0, bytes.length - 12));
    assert.is((await codes(folder, { test: 0 }))[1], "IDX_LENGTH");
    const spoilt = Buffer.from(bytes);
    spoilt[bytes.length - 6] ^= 255;
    await writeFile(name, spoilt);
    assert.is((await codes(folder, { test: 0 }))[1], "DATA_FILE_UNREADABLE");
    await writeFile(name, idxBytes([10, 2, 3], new Uint8Array(60)));
    assert.equal(await codes(folder, { test: 0 }), ["DATA_FILE_UNREADABLE", "DATA_FILE_UNREADABLE"]);
  }));

test("images and labels of different numbers, and splits of different sizes, are errors", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train);
    await writeIdxPair(folder, "t10k", tested, { side: [3, 3] });
    assert.equal(await codes(folder), ["IMAGE_SHAPES_DIFFER", "IMAGE_SHAPES_DIFFER"]);
    await writeFile(join(folder, "train-labels-idx1-ubyte"), idxBytes([9], train.slice(0, 9)));
    assert.equal(await codes(folder, { test: 0 }), ["IMAGES_AND_LABELS_DIFFER", "IMAGES_AND_LABELS_DIFFER"]);
  }));

test("a label outside 0 … K − 1 is an error, in the training and the test file", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", [0, 1, 2, 57]);
    assert.is((await codes(folder, { test: 0 }))[1], "LABEL_OUT_OF_RANGE");
    await writeIdxPair(folder, "train", train);
    await writeIdxPair(folder, "t10k", [0, 3]);
    assert.is((await codes(folder))[1], "LABEL_OUT_OF_RANGE");
    assert.is((await codes(folder, { classes: [0] }))[1], undefined);
  }));

test("more examples than there are is invalid before anything is read", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train);
    assert.equal(await codes(folder, { test: 0, train: 11 }), ["OPTION_VALUE", "TOO_FEW_EXAMPLES"]);
  }));

test("files without a single example are an error", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", []);
    assert.is((await codes(folder, { test: 0 }))[1], "NO_EXAMPLES");
  }));

test("a list of means must fit the channels", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train);
    const standardise = { mean: [0.5, 0.5, 0.5], deviation: 1 };
    assert.equal(await codes(folder, { test: 0, standardise }), ["OPTION_VALUE", "OPTION_VALUE"]);
  }));

test("examples/data/fashion-3 holds 500 training and 300 test images of each of three classes", async () => {
  const folder = fileURLToPath(new URL("../../../examples/", import.meta.url));
  const options = { path: "data/fashion-3", train: 1500, test: 900, standardise: "per-example" };
  assert.equal(await checkStage(idx, options, folder), []);
  const set = await read(folder, options);
  assert.equal(set.shape, [28, 28, 1]);
  for (const [part, perClass] of [
    [set.train, 500],
    [set.test, 300],
  ] as const) {
    assert.is(part?.labels.length, 3 * perClass);
    for (const label of [0, 1, 2]) {
      assert.is(part?.labels.filter((one) => one === label).length, perClass);
    }
    assert.ok(part?.features.values.every(Number.isFinite));
  }
});

test("refuses options it does not know and values that make no sense", () => {
  assert.ok(acceptsOptions(idx, { path: "x", standardise: { mean: 0, deviation: 1 } }));
  for (const wrong of [
    { standardise: "sometimes" },
    { standardise: { mean: 0, deviation: 0 } },
    { train: 0 },
    { train: 1.5 },
    { test: -1 },
    { classes: [1, 1] },
    { classes: [256] },
    { clases: [1] },
  ]) {
    assert.not(acceptsOptions(idx, { path: "x", ...wrong }), JSON.stringify(wrong));
  }
  assert.not(acceptsOptions(idx, {}));
});

test("a stopped run stops reading", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", train);
    const stop = new AbortController();
    stop.abort(new Error("stop"));
    const { error } = await runStage(idx, { folder, options: { path: ".", test: 0 }, signal: stop.signal });
    assert.is((error as Error).message, "stop");
  }));

test.run();
