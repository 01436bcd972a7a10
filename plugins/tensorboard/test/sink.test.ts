import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { type JacoflowError, metrics, parametersTable, spectrum } from "jacoflow";
import { runStage, sampleBatches } from "jacoflow/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parameterHistograms } from "../src/histograms.js";
import { tensorboard } from "../src/sink.js";
import { until } from "./until.js";

const law = suite("sink/tensorboard");

async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "jacoflow-tensorboard-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function filesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(
      paths.sort().map(async (path) => [relative(folder, path), await readFile(path)] as const),
    ),
  );
}

const evaluation = (step: number, error: number) =>
  metrics.batch(
    {
      stage: "train",
      step,
      epoch: step / 10,
      split: ["train", "test"],
      name: "error",
      value: [error, error + 0.1],
    },
    2,
  );

law("every split of every stage and table is a run of its own", () =>
  inFolder(async (runFolder) => {
    const { error } = await runStage(tensorboard, {
      runFolder,
      inputs: {
        metrics: [[evaluation(0, 0.9), evaluation(10, 0.5)]],
        spectrum: [sampleBatches("spectrum")],
        projection: [sampleBatches("projection")],
        angles: [sampleBatches("angles")],
        parameters: [sampleBatches("parameters")],
      },
    });
    assert.is(error, undefined);
    const names = [...(await filesBelow(join(runFolder, "tensorboard"))).keys()];
    for (const table of ["metrics", "spectrum", "projection", "angles", "parameters"]) {
      assert.ok(
        names.some((name) => name.startsWith(`${table}/`)),
        `${table} in ${names.join(", ")}`,
      );
    }
  }),
);

law("how rows are cut into batches changes no byte", () =>
  inFolder(async (folder) => {
    const whole = sampleBatches("spectrum");
    const cut = whole.flatMap((batch) =>
      Array.from({ length: batch.numRows }, (_, row) => batch.slice(row, row + 1)),
    );
    const left = await Promise.all(
      [whole, cut].map(async (batches, index) => {
        const runFolder = join(folder, String(index));
        const { error } = await runStage(tensorboard, { runFolder, inputs: { spectrum: [batches] } });
        assert.is(error, undefined);
        return filesBelow(join(runFolder, "tensorboard"));
      }),
    );
    assert.ok(left[0].size > 0);
    assert.equal([...left[0]], [...left[1]]);
  }),
);

law(
  "killed anywhere and resumed, every record is there once, and the bytes are those of a run that went through",
  () =>
    inFolder(async (folder) => {
      const inputs = {
        metrics: [Array.from({ length: 9 }, (_, step) => evaluation(step, 1 / (1 + step)))],
        spectrum: [sampleBatches("spectrum")],
      };
      const whole = join(folder, "whole");
      assert.is((await runStage(tensorboard, { runFolder: whole, inputs })).error, undefined);
      const wanted = await filesBelow(join(whole, "tensorboard"));
      const name = [...wanted.keys()].find((path) => path.startsWith("metrics/"))!;
      const { length } = wanted.get(name)!;
      for (const kept of [0, 1, 40, Math.floor(length / 2), length - 1, length]) {
        const resumed = await runStage(tensorboard, { runFolder: whole, inputs });
        assert.is(resumed.error, undefined);
        await truncate(join(whole, "tensorboard", name), kept);
        assert.is((await runStage(tensorboard, { runFolder: whole, inputs })).error, undefined);
        assert.equal(
          [...(await filesBelow(join(whole, "tensorboard")))],
          [...wanted],
          `${kept} bytes were there`,
        );
      }
    }),
);

law("a histogram that a stopped run wrote of half a Jacobian is replaced by the whole one", () =>
  inFolder(async (folder) => {
    const batches = sampleBatches("spectrum");
    const rows = batches.flatMap((batch) =>
      Array.from({ length: batch.numRows }, (_, row) => batch.slice(row, row + 1)),
    );
    const [whole, stopped] = [join(folder, "whole"), join(folder, "stopped")];
    await runStage(tensorboard, { runFolder: whole, inputs: { spectrum: [rows] } });
    await runStage(tensorboard, { runFolder: stopped, inputs: { spectrum: [rows.slice(0, -1)] } });
    await runStage(tensorboard, { runFolder: stopped, inputs: { spectrum: [rows] } });
    assert.equal(
      [...(await filesBelow(join(stopped, "tensorboard")))],
      [...(await filesBelow(join(whole, "tensorboard")))],
    );
  }),
);

law("a resumed run by the clock keeps the times of its records", () =>
  inFolder(async (runFolder) => {
    const inputs = { metrics: [[evaluation(0, 0.5), evaluation(1, 0.4)]] };
    const options = { wallTime: "clock" };
    await runStage(tensorboard, { runFolder, inputs, options });
    const before = await filesBelow(join(runFolder, "tensorboard"));
    await runStage(tensorboard, { runFolder, inputs, options });
    assert.equal([...(await filesBelow(join(runFolder, "tensorboard")))], [...before]);
  }),
);

law("a file may be read while it grows: it always ends with a whole record", () =>
  inFolder(async (runFolder) => {
    const file = join(
      ...[runFolder, "tensorboard/metrics", "edge-metrics-0", "train/events.out.tfevents.0.jacoflow"],
    );
    const sizes: number[] = [];
    async function* watched() {
      for (const step of [0, 1, 2]) {
        yield evaluation(step, 0.5);
        let found = Buffer.alloc(0);
        await until(`the file has step ${step}`, async () => {
          found = await readFile(file).catch(() => found);
          return found.length > (sizes.at(-1) ?? 0);
        });
        sizes.push(found.length);
        for (let at = 0; at < found.length; ) {
          at += Number(found.readBigUInt64LE(at)) + 16;
          assert.ok(at <= found.length);
        }
      }
    }
    const { error } = await runStage(tensorboard, { runFolder, inputs: { metrics: [watched()] } });
    assert.is(error, undefined);
    assert.is(sizes.length, 3);
  }),
);

law("a folder that cannot be made is a coded error that names the file", () =>
  inFolder(async (runFolder) => {
    await writeFile(join(runFolder, "file"), "");
    const { error } = await runStage(tensorboard, {
      ...{ runFolder, folder: runFolder, options: { folder: "file/below" } },
      inputs: { metrics: [[evaluation(0, 0.5)]] },
    });
    assert.is((error as { code?: string }).code, "TENSORBOARD_WRITE");
    assert.match((error as Error).message, "file");
  }),
);

law(
  "event files that are removed while they grow end the run by name; resumed, it writes all of them again",
  () =>
    inFolder(async (folder) => {
      const [runFolder, whole] = [join(folder, "run"), join(folder, "whole")];
      const evaluations = Array.from({ length: 20 }, (_, step) => evaluation(step, 1 / (1 + step)));
      async function* removing() {
        yield* evaluations.slice(0, 10);
        const begun = join(runFolder, "tensorboard");
        await until(
          "there are event files",
          async () => (await filesBelow(begun).catch(() => new Map())).size === 2,
        );
        await rm(begun, { recursive: true });
        yield* evaluations.slice(10);
      }
      const { error } = await runStage(tensorboard, { runFolder, inputs: { metrics: [removing()] } });
      assert.is((error as JacoflowError).code, "TENSORBOARD_WRITE");
      assert.match((error as JacoflowError).message, "removed or replaced");
      for (const resumed of [runFolder, whole]) {
        const ended = await runStage(tensorboard, { runFolder: resumed, inputs: { metrics: [evaluations] } });
        assert.is(ended.error, undefined);
      }
      assert.equal(
        [...(await filesBelow(join(runFolder, "tensorboard")))],
        [...(await filesBelow(join(whole, "tensorboard")))],
      );
    }),
);

law("of two runs that write one folder at once, the later one has the files and the other ends by name", () =>
  inFolder(async (folder) => {
    const evaluations = Array.from({ length: 20 }, (_, step) => evaluation(step, 1 / (1 + step)));
    const options = { folder: join(folder, "board") };
    const runIn = (name: string, batches: AsyncIterable<RecordBatch> | readonly RecordBatch[]) =>
      runStage(tensorboard, {
        ...{ runFolder: join(folder, name), options },
        inputs: { metrics: [batches] },
      });
    async function* overtaken() {
      yield* evaluations.slice(0, 10);
      assert.is((await runIn("later", evaluations)).error, undefined);
      yield* evaluations.slice(10);
    }
    const { error } = await runIn("earlier", overtaken());
    assert.is((error as JacoflowError).code, "TENSORBOARD_WRITE");
    const left = await filesBelow(options.folder);
    await runStage(tensorboard, { runFolder: join(folder, "alone"), inputs: { metrics: [evaluations] } });
    assert.equal([...left], [...(await filesBelow(join(folder, "alone/tensorboard")))]);
  }),
);

law("the values of a large tensor are counted in slices: other work has its turns between them", async () => {
  const length = 2 ** 20;
  const batch = parametersTable({}).batch(
    {
      ...{ step: [7], epoch: [0], tensor: ["kernel"], trainable: [true] },
      shape: { offsets: Int32Array.of(0, 1), values: Int32Array.of(length) },
      values: { offsets: Int32Array.of(0, length), values: new Float32Array(length).fill(0.5) },
    },
    1,
  );
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const [point] = await parameterHistograms().read(batch);
  isOver = true;
  assert.ok(turns >= 10, `${turns} turns`);
  const [histogram, norm] = point.values;
  assert.is("histogram" in histogram && histogram.histogram.count, length);
  assert.equal(norm, { tag: "norm/kernel", scalar: 0.5 * Math.sqrt(length) });
});

law("an empty spectrum leaves nothing behind", () =>
  inFolder(async (runFolder) => {
    const none = spectrum.batch(
      {
        ...{ stage: "svd", jacobian_step: [], epoch: [], split: [], index: [], singular_value: [] },
        ...{ residual_bound: [], energy_share: [], method: [], exact: [] },
      },
      0,
    );
    const { error } = await runStage(tensorboard, { runFolder, inputs: { spectrum: [[none]] } });
    assert.is(error, undefined);
    assert.is((await filesBelow(runFolder)).size, 0);
  }),
);

law(
  "a disk that fills while the run goes on is a coded error that names the file, and other files stay whole",
  () =>
    inFolder(async (runFolder) => {
      const full = join(runFolder, "tensorboard/metrics/edge-metrics-0/test");
      await mkdir(full, { recursive: true });
      const path = join(full, "events.out.tfevents.0.jacoflow");
      await symlink("/dev/full", path);
      const { error } = await runStage(tensorboard, {
        ...{ options: {}, runFolder },
        inputs: { metrics: [sampleBatches("metrics")] },
      });
      assert.is((error as JacoflowError).code, "TENSORBOARD_WRITE");
      assert.match((error as JacoflowError).message, path);
      const train = await readFile(join(full, "../train/events.out.tfevents.0.jacoflow"));
      const length = Number(train.readBigUInt64LE(0));
      assert.ok(train.length >= length + 16);
    }),
);

law.run();
