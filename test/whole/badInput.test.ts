import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, type Ended, jacoflow, program, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { idxBytes } from "../support/idx.js";
import { smallPipeline, writeSmallPipeline, writeStripes } from "../support/smallPipeline.js";
import { filesBelow, leftovers, query } from "../support/tables.js";

const law = suite("bad input");

law.before(build);

/** One error, as design §6 wants it: a code on a line of its own, a remedy, no stack. */
function assertOneError({ stdout, stderr }: Ended, code: string, words: readonly (string | RegExp)[]): void {
  const errors = stderr.match(/^error .*$/gm) ?? [];
  assert.is(errors.length, 1, stderr);
  assert.match(errors[0] as string, `error ${code}`);
  for (const word of words) assert.match(stderr, word);
  assert.not.match(stderr, /^\s+at .*:\d+:\d+\)?$/m);
  assert.is(stdout, "");
}

async function assertNothingHalfWritten(runFolder: string): Promise<void> {
  assert.equal(leftovers(runFolder), []);
  for (const file of filesBelow(runFolder).filter((name) => name.endsWith(".parquet"))) {
    await query(`select count(*) from '${join(runFolder, file)}'`);
  }
}

/** Validates and runs a pipeline: both say the same, and no run folder is made. */
async function assertRefused(file: string, code: string, words: readonly (string | RegExp)[]): Promise<void> {
  const out = join(file, "../run");
  for (const command of [
    ["validate", file],
    ["run", file, "--out", out],
  ]) {
    const ended = await jacoflow(command);
    assert.is(ended.code, 78, ended.stderr);
    assertOneError(ended, code, words);
  }
  assert.not.ok(existsSync(out));
}

/** Runs a pipeline that fails on the way. */
async function assertFails(
  file: string,
  exitCode: number,
  code: string,
  words: readonly (string | RegExp)[],
): Promise<void> {
  const out = join(file, "../run");
  const ended = await jacoflow(["run", file, "--out", out, "-q"]);
  assert.is(ended.code, exitCode, ended.stderr);
  assertOneError(ended, code, words);
  await assertNothingHalfWritten(out);
  if (existsSync(out)) assert.is(JSON.parse(readFileSync(join(out, "run.json"), "utf8")).outcome, "failed");
}

law("an unknown stage is told with line, column, frame and the nearest name", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      svd: "{ uses: jacobian/spectrm, from: [noise, train.snapshots], with: { rank: 8 } }",
      project: null,
      parquet: "{ uses: sink/parquet, from: [train.metrics] }",
    });
    await assertRefused(file, "UNKNOWN_STAGE_TYPE", [
      /small\.yaml:8:\d+/,
      'Did you mean "jacobian/spectrum"?',
      "^",
    ]);
  }),
);

law("an unknown option is told with the nearest name", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      noise: "{ uses: labels/noise, from: data, with: { fracton: 0.5, kind: uniform-other } }",
    });
    const ended = await jacoflow(["validate", file]);
    assert.is(ended.code, 78);
    assert.match(ended.stderr, /small\.yaml:5:\d+ stages\.noise\.with\.fracton/);
    assert.match(ended.stderr, 'Did you mean "fraction"?');
  }),
);

law("a missing file is found before anything runs", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, { data: "{ uses: data/idx, with: { path: nowhere } }" });
    await assertRefused(file, "DATA_FOLDER_MISSING", ["nowhere", /small\.yaml:4:\d+/]);
  }),
);

law("a truncated IDX file is one error that says how long it should be", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const images = join(folder, "stripes/train-images-idx3-ubyte");
    writeFileSync(images, readFileSync(images).subarray(0, 1000));
    await assertFails(file, 78, "IDX_LENGTH", ["train-images-idx3-ubyte", "27 of the 60"]);
  }),
);

law("a label out of range is told with the example", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const labels = readFileSync(join(folder, "stripes/train-labels-idx1-ubyte")).subarray(8);
    labels[17] = 200;
    writeFileSync(join(folder, "stripes/train-labels-idx1-ubyte"), idxBytes([labels.length], labels));
    await assertFails(file, 78, "LABEL_OUT_OF_RANGE", ["200", "row 17"]);
  }),
);

law("a weight of the wrong shape is told with both shapes", () =>
  withFolder(async (folder) => {
    const golden = join(repository, "test/golden/mlp-tanh");
    const network = JSON.parse(readFileSync(join(golden, "network.json"), "utf8"));
    network.layers[1].units = 49;
    writeFileSync(join(folder, "network.json"), JSON.stringify(network));
    const file = join(folder, "weights.yaml");
    writeFileSync(
      file,
      smallPipeline({
        data: `{ uses: data/table, with: { path: ${golden}/examples.arrow } }`,
        noise: null,
        network: `{ uses: network/pretrained, from: data, with: { network: network.json, weights: ${golden}/weights.safetensors } }`,
        train: null,
        svd: "{ uses: jacobian/spectrum, from: [data, network], with: { rank: 8 } }",
        project: null,
        parquet: "{ uses: sink/parquet, from: [svd.spectrum] }",
      }),
    );
    await assertFails(file, 78, "WEIGHT_SHAPE", ["hidden1", "784×48", "784×49"]);
  }),
);

law("a cycle is told with the stages on it", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      noise: "{ uses: labels/noise, from: again, with: { fraction: 0.5, kind: uniform-other } }",
      again: "{ uses: labels/noise, from: noise, with: { fraction: 0.5, kind: uniform-other } }",
    });
    const ended = await jacoflow(["validate", file]);
    assert.is(ended.code, 78);
    assert.match(ended.stderr, /again.*→.*noise|noise.*→.*again/);
  }),
);

law("an unconnected port is told with the port and its table", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      svd: "{ uses: jacobian/spectrum, from: train.snapshots, with: { rank: 8 } }",
    });
    await assertRefused(file, "UNCONNECTED", ["examples", /small\.yaml:8:\d+/]);
  }),
);

law("a rank above nK is told with nK", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      svd: "{ uses: jacobian/spectrum, from: [noise, train.snapshots], with: { rank: 181 } }",
    });
    await assertFails(file, 78, "RANK_TOO_LARGE", ["181", "180"]);
  }),
);

law("a batch above n is told with n", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      train:
        "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.05, batchSize: 61, epochs: 2, snapshots: { at: [0, 2] } } }",
    });
    await assertFails(file, 78, "BATCH", ["61", "60"]);
  }),
);

law("every mistake of a file is told at once", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      data: "{ uses: data/idx, with: { path: nowhere } }",
      noise: "{ uses: labels/noise, from: data, with: { fraction: 1.5, kind: uniform-other } }",
      report: "{ uses: sink/reprot, from: train.metrics }",
    });
    const { code, stderr } = await jacoflow(["validate", file]);
    assert.is(code, 78);
    assert.is(stderr.match(/^error /gm)?.length, 3, stderr);
  }),
);

law("with --json a refusal is data too", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, { data: "{ uses: data/idx, with: { path: nowhere } }" });
    const { code, stdout } = await jacoflow(["run", file, "--json", "--out", join(folder, "run")]);
    assert.is(code, 78);
    const said = JSON.parse(stdout);
    assert.is(said.outcome, "refused");
    assert.is(said.exitCode, 78);
    assert.is(said.errors[0].code, "DATA_FOLDER_MISSING");
    assert.is(said.errors[0].line, 4);
  }),
);

law("a run folder that is in use is left alone", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    mkdirSync(join(folder, "run"));
    writeFileSync(join(folder, "run/mine.txt"), "mine");
    const ended = await jacoflow(["run", file, "--out", join(folder, "run"), "-q"]);
    assertOneError(ended, "RUN_FOLDER_NOT_EMPTY", ["run"]);
    assert.equal(filesBelow(join(folder, "run")), ["mine.txt"]);
  }),
);

/** Whether a small file system can be mounted here, out of everybody's sight. */
function canMount(): boolean {
  return spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
}

const needsMount = canMount() ? law : law.skip;
if (!canMount()) process.stdout.write("skipped: a full disk needs `unshare -rm` and tmpfs\n");

needsMount("a full disk is one error, and what was whole stays readable", () =>
  withFolder(async (folder) => {
    writeStripes(join(folder, "stripes"));
    writeFileSync(join(folder, "small.yaml"), smallPipeline());
    mkdirSync(join(folder, "disk"));
    mkdirSync(join(folder, "kept"));
    for (const kilobytes of [8, 12, 16, 20]) {
      const script = [
        `mount -t tmpfs -o size=${kilobytes}k tmpfs disk`,
        `"${process.execPath}" "${program}" run small.yaml --out disk/run -q`,
        "code=$?",
        "rm -rf kept/run; cp -r disk/run kept/ 2>/dev/null",
        "exit $code",
      ].join("\n");
      const ended = spawnSync("unshare", ["-rm", "sh", "-c", script], { cwd: folder, encoding: "utf8" });
      assert.is(ended.status, 1, `${kilobytes} kB: ${ended.stderr}`);
      const errors = ended.stderr.match(/^error .*$/gm) ?? [];
      assert.is(errors.length, 1, ended.stderr);
      assert.match(errors[0] as string, "DISK_FULL");
      await assertNothingHalfWritten(join(folder, "kept/run"));
    }
  }),
);

law.run();
