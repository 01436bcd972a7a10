import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { csv } from "../../../plugins/csv/src/csv.js";
import { keras } from "../../../plugins/keras/src/stage.js";
import type { AnyStage } from "../../../plugins/kit/trial.js";
import { JacoflowError } from "../../../schemas/errors/error.js";
import { cifar10 } from "../../../stages/data/cifar10.js";
import { idx } from "../../../stages/data/idx.js";
import { table } from "../../../stages/data/table.js";
import { readTableFile } from "../../../stages/data/tableFile.js";
import { pretrained } from "../../../stages/network/pretrained.js";
import { examplesBatch } from "../../support/examples.js";
import { withFolder } from "../../support/folder.js";
import { idxBytes, writeIdxPair } from "../../support/idx.js";
import { checkStage, runStage } from "../../support/stage.js";

const law = suite("inputs that no reader should follow");

const golden = new URL("../../golden/mlp-tanh/", import.meta.url).pathname;

/** A reader of one file: the stage, its options, and the file's name in the folder. */
interface Case {
  readonly stage: AnyStage;
  readonly options: Readonly<Record<string, unknown>>;
  readonly file: string;
  readonly prepare?: (folder: string) => Promise<void> | void;
}

const weights = { network: `${golden}network.json`, weights: "weights.safetensors" };
const cases: readonly Case[] = [
  ...["", ".gz"].map((ending) => ({
    stage: idx,
    options: { path: ".", test: 0 },
    file: `train-images-idx3-ubyte${ending}`,
    prepare: (folder: string) => writeIdxPair(folder, "train", [0, 1, 2], { gz: ending !== "" }),
  })),
  {
    stage: cifar10,
    options: { path: "." },
    file: "data_batch_1.bin",
    prepare: (folder) => {
      for (const name of [1, 2, 3, 4, 5])
        writeFileSync(join(folder, `data_batch_${name}.bin`), new Uint8Array(3073));
      writeFileSync(join(folder, "test_batch.bin"), new Uint8Array(3073));
    },
  },
  { stage: table, options: { path: "x.arrow" }, file: "x.arrow" },
  { stage: csv, options: { path: "x.csv", label: "label" }, file: "x.csv" },
  { stage: pretrained, options: weights, file: "weights.safetensors" },
  {
    stage: pretrained,
    options: { network: "network.json", weights: `${golden}weights.safetensors` },
    file: "network.json",
  },
  { stage: keras, options: { path: "model.json" }, file: "model.json" },
];

async function refusalsOf({ stage, options }: Case, folder: string): Promise<readonly unknown[]> {
  const checked = await checkStage(stage, options, folder);
  const examples = [examplesBatch({ train: [0, 1, 2], shape: [28, 28, 1] })];
  const inputs = stage === pretrained || stage === keras ? { inputs: { examples } } : {};
  const { error } = await runStage(stage, { options, folder, ...inputs });
  return [checked[0], error];
}

function assertNames(found: readonly unknown[], file: string, reason: RegExp): void {
  for (const error of found) {
    assert.instance(error, JacoflowError, `${file}: ${String(error)}`);
    const { message, remedy, value, exitCode } = error as JacoflowError;
    assert.match(message, file);
    assert.match(message, reason);
    assert.is(exitCode, 78);
    assert.ok(remedy && value !== undefined, message);
  }
}

for (const one of cases) {
  law(`${one.stage.name}: a folder, a pipe, a device and nothing in the place of ${one.file}`, () =>
    withFolder(async (folder) => {
      const places: readonly [RegExp, (path: string) => void][] = [
        [/it is a folder/, (path) => mkdirSync(path)],
        [/it is a pipe/, (path) => assert.is(spawnSync("mkfifo", [path]).status, 0)],
        [/it is a device/, (path) => symlinkSync("/dev/zero", path)],
        [/./, (path) => writeFileSync(path, "")],
      ];
      for (const [number, [reason, make]] of places.entries()) {
        const own = join(folder, String(number));
        mkdirSync(own);
        await one.prepare?.(own);
        const path = join(own, one.file);
        spawnSync("rm", ["-f", path]);
        make(path);
        assertNames(await refusalsOf(one, own), one.file, reason);
      }
    }),
  );
}

law("a gzip bomb is left as soon as it holds more than its header says", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", [0, 1, 2], { gz: true });
    const bomb = Buffer.concat([idxBytes([3, 2, 3], new Uint8Array(18)), Buffer.alloc(100_000_000)]);
    writeFileSync(join(folder, "train-images-idx3-ubyte.gz"), gzipSync(bomb, { level: 1 }));
    const before = process.memoryUsage().arrayBuffers;
    const { error } = await runStage(idx, { options: { path: ".", test: 0 }, folder });
    assertNames([error], "train-images-idx3-ubyte.gz", /more bytes/);
    assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
  }),
);

law("a Parquet footer whose group has fewer than no columns is refused, not read for ever", async () => {
  const file = new URL("negative-children.parquet", import.meta.url).pathname;
  const error = await readTableFile(file).catch((thrown: unknown) => thrown);
  assertNames([error], "negative-children.parquet", /schema element not found/);
});

law(
  "a list that says that it goes on behind its numbers is refused, not followed through all of memory",
  async () => {
    const file = new URL("endless-list.arrow", import.meta.url).pathname;
    const error = await readTableFile(file).catch((thrown: unknown) => thrown);
    assertNames([error], "endless-list.arrow", /268435456 numbers of which 36 are there/);
  },
);

law("a length that a header promises and the file cannot hold takes no memory", () =>
  withFolder(async (folder) => {
    await writeIdxPair(folder, "train", [0, 1, 2]);
    writeFileSync(join(folder, "train-labels-idx1-ubyte"), idxBytes([0xffffffff], [0, 1, 2]));
    const header = Buffer.alloc(16);
    header.writeBigUInt64LE(0x7fff_ffff_ffffn);
    writeFileSync(join(folder, "weights.safetensors"), header);
    const frame = Buffer.alloc(16);
    frame.writeInt32LE(-1, 0);
    frame.writeInt32LE(0x7fffffff, 4);
    writeFileSync(join(folder, "x.arrow"), frame);
    const before = process.memoryUsage().arrayBuffers;
    const readers: readonly [Case, string][] = [
      [cases[0], "train-labels-idx1-ubyte"],
      [cases[3], "x.arrow"],
      [cases[5], "weights.safetensors"],
    ];
    for (const [one, file] of readers) assertNames(await refusalsOf(one, folder), file, /./);
    assert.ok(process.memoryUsage().arrayBuffers - before < 50_000_000);
  }),
);

law("columns of a type that is no label, split or list of numbers are told with their row and value", () =>
  withFolder(async (folder) => {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    const good = { id: "0", split: "'train'", features: "[1.0, 2.0]", label: "1" };
    const bad: readonly [keyof typeof good, string, RegExp][] = [
      ["features", "[1.0, 'nan'::double]", /features of row 0 is NaN/],
      ["features", "[1.0, null]", /features of row 0 is null/],
      ["features", "null", /features of row 0 is null/],
      ["features", "{a: 1}", /features of row 0/],
      ["features", "'1,2'", /features of row 0 is 1,2/],
      ["features", "[[1.0], [2.0]]", /features of row 0/],
      ["features", "[]::float[]", /features of row 0 is /],
      ["features", "[1e300, 0]", /features of row 0 is 1e\+300/],
      ["features", "map {1: 2}", /features of row 0/],
      ["label", "-1", /label of row 0 is -1/],
      ["label", "0.5", /label of row 0 is 0\.5/],
      ["label", "'cat'", /label of row 0 is cat/],
      ["label", "2147483648::bigint", /label of row 0 is 2147483648/],
      // A class without a name is an output of the network: an id in its place would make thousands of millions.
      ["label", "2147483647", /label of row 0 is 2147483647, not a class without a name, 0 to 65535/],
      ["label", "null", /label of row 0 is null/],
      ["label", "date '2020-01-01'", /label of row 0/],
      ["label", "true", /label of row 0 is true/],
      ["id", "170141183460469231731687303715884105727::hugeint", /id of row 0/],
      ["split", "'validation'", /split of row 0 is validation/],
      ["split", "7", /split of row 0 is 7/],
      ["split", "null", /split of row 0 is null/],
    ];
    try {
      for (const [column, expression, reason] of bad) {
        const columns = { ...good, [column]: expression };
        const select = Object.entries(columns).map(([name, value]) => `${value} as ${name}`);
        await connection.run(`copy (select ${select.join(", ")}) to '${folder}/x.parquet' (format parquet)`);
        const error = await readTableFile(join(folder, "x.parquet")).catch((thrown: unknown) => thrown);
        assertNames([error], "x.parquet", reason);
      }
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }),
);

law(
  "one class alone is read, no class at all is refused, and so is an id that comes twice in its split",
  () =>
    withFolder(async (folder) => {
      await writeIdxPair(folder, "train", [0, 0, 0]);
      const one = await runStage(idx, { options: { path: ".", test: 0 }, folder });
      assert.is(one.error, undefined);
      assert.is(one.batches.examples[0].schema.metadata.get("classes"), '["0"]');
      await writeIdxPair(folder, "train", []);
      const none = await runStage(idx, { options: { path: ".", test: 0 }, folder });
      assertNames([none.error], "train-labels-idx1-ubyte", /holds no examples/);
      writeFileSync(join(folder, "x.csv"), "id,x,label\n1,2,a\n1,3,b\n");
      const twice = await runStage(csv, { options: { path: "x.csv", label: "label", id: "id" }, folder });
      assertNames([twice.error], "x.csv", /1/);
    }),
);

law("weights of another dtype, and of a training that diverged, are refused by tensor", () =>
  withFolder(async (folder) => {
    const path = join(folder, "weights.safetensors");
    const whole = readFileSync(`${golden}weights.safetensors`);
    const ofType = (dtype: string) =>
      Buffer.from(whole.toString("latin1").replace('"F32"', `"${dtype}"`), "latin1");
    const diverged = Buffer.from(whole);
    diverged.writeFloatLE(Number.NaN, diverged.length - 4);
    for (const [bytes, reason] of [
      [ofType("I64"), /dtype "I64"/],
      [ofType("I32"), /holds integers \(I32\)/],
      [diverged, /is NaN/],
    ] as const) {
      writeFileSync(path, bytes);
      assertNames(await refusalsOf(cases[5], folder), "weights.safetensors", reason);
    }
  }),
);

law.run();
