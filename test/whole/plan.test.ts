import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";

const law = suite("the plan of a run");

law.before(build);

interface Planned {
  readonly name: string;
  readonly plan: {
    readonly memoryBytes?: number;
    readonly work?: Readonly<Record<string, number>>;
    readonly outputs?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly notes?: readonly string[];
  };
}

async function planOf(words: readonly string[]): Promise<{
  readonly stages: Readonly<Record<string, Planned["plan"]>>;
  readonly memoryBytes: number;
  readonly engine: Readonly<Record<string, unknown>>;
}> {
  const ended = await jacoflow(["run", ...words, "--dry-run", "--json"]);
  assert.is(ended.code, 0, ended.stderr);
  const facts = JSON.parse(ended.stdout);
  return {
    ...facts,
    stages: Object.fromEntries(facts.stages.map(({ name, plan }: Planned) => [name, plan])),
  };
}

law("of the quickstart says n, K, p, snapshots, steps and Jacobians", async () => {
  const { stages, memoryBytes, engine } = await planOf([join(repository, "examples/quickstart.yaml")]);
  const counts = { examples: { train: 1500, test: 900 }, shape: [28, 28, 1], classes: 3 };
  const { bytes, ...examples } = stages.noise.outputs?.examples ?? {};
  assert.equal(examples, { ...counts, rows: 2400, batches: 1 });
  assert.ok((bytes as number) > 2400 * 784 * 4);
  const parameters = 784 * 128 + 128 + 128 * 64 + 64 + 64 * 3 + 3;
  const { network, ...snapshots } = stages.train.outputs?.snapshots ?? {};
  assert.ok(network !== undefined);
  assert.is(snapshots.parameters, parameters);
  assert.equal(snapshots.epochs, [0, 2, 10, 50, 150]);
  assert.is(snapshots.batches, 5);
  // Forward and twice as much backward for every step's examples, forward for the evaluations.
  const forward = 2 * (784 * 128 + 128 * 64 + 64 * 3);
  assert.is(stages.train.work?.flops, 150 * 1500 * 3 * forward + 151 * 2400 * forward);
  assert.is(stages.train.work?.steps, 150 * Math.ceil(1500 / 64));
  assert.is(stages.svd.work?.bytes, 4 * 1500 * 3 * parameters);
  assert.is(stages.svd.outputs?.basis.batches, 10);
  assert.match(stages.svd.notes?.[0] ?? "", /^J of train: 4500 × 108931; /);
  const known = Object.values(stages).map((plan) => plan.memoryBytes);
  assert.not(known.includes(undefined));
  const held = known.reduce<number>((sum, bytes = 0) => sum + bytes, 0);
  // The process itself: Node, our modules and the threads of the engine.
  assert.ok(memoryBytes - held > 100e6 && memoryBytes - held < 250e6, `${memoryBytes - held}`);
  assert.ok(typeof engine.reason === "string" && engine.reason !== "");
});

law("of a spectrum of 3,600 rows says within 20 % what the process takes", () =>
  withFolder(async (folder) => {
    const file = join(folder, "middle.yaml");
    const data = join(repository, "examples/data/fashion-3");
    const textOf = (train: number) => `name: middle
stages:
  data:    { uses: data/idx, with: { path: "${data}", train: ${train}, test: 0 } }
  network: { uses: network/init, from: data, with: { architecture: mlp, hidden: [256, 64] } }
  svd:     { uses: jacobian/spectrum, from: [data, network], with: { rank: 3 } }
  console: { uses: sink/console, from: svd.metrics }
`;
    const run = join(folder, "run");
    writeFileSync(file, textOf(1200));
    const ended = await jacoflow(["run", file, "--out", run, "-q"]);
    assert.is(ended.code, 0, ended.stderr);
    const { peakMemoryBytes } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    const { memoryBytes } = await planOf([file]);
    const ratio = memoryBytes / peakMemoryBytes;
    assert.ok(ratio > 0.8 && ratio < 1.2, `planned ${memoryBytes}, took ${peakMemoryBytes}`);
  }),
);

for (const method of ["exact", "block-krylov"]) {
  law(`says of ${method} about the memory that the run itself estimates`, () =>
    withFolder(async (folder) => {
      const words = [writeSmallPipeline(folder), "--set", `stages.svd.with.method=${method}`];
      const run = join(folder, "run");
      const planned = (await planOf(words)).stages.svd;
      const ended = await jacoflow(["run", ...words, "--out", run]);
      assert.is(ended.code, 0, ended.stderr);
      const facts = readFileSync(join(run, "log.ndjson"), "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line))
        .filter(({ stage, facts }) => stage === "svd" && facts?.memoryBytes !== undefined)
        .map(({ facts }) => facts);
      assert.is(facts.length, planned.outputs?.spectrum.batches);
      const ratio = (planned.memoryBytes ?? 0) / Math.max(...facts.map(({ memoryBytes }) => memoryBytes));
      // The plan counts vectors kept beside the first Jacobian too, where there are none yet.
      assert.ok(ratio > 0.8 && ratio < (method === "exact" ? 1.2 : 1.3), `${ratio}`);
      const swept = facts.reduce((sum, { sweeps }) => sum + sweeps, 0);
      if (method === "exact") assert.is(planned.work?.sweeps, 0);
      if (method === "block-krylov") assert.ok((planned.work?.sweeps ?? 0) > 0 && swept > 0);
    }),
  );
}

law("says which stages do not know before the run what they will need", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const plugin = join(repository, "examples/plugins/arrow-sink.js");
    const planned = await jacoflow(["run", file, "--dry-run", "--plugins", plugin]);
    assert.is(planned.code, 0, planned.stderr);
    assert.match(planned.stdout, /^memory: about .* were the stages that know to hold/m);
    assert.match(planned.stdout, /^memory and time unknown: parquet$/m);
    const all = await jacoflow(["run", file, "--dry-run"]);
    assert.match(all.stdout, /^memory: about .* were all stages to hold/m);
    assert.match(all.stdout, /^arithmetic: .*FLOP, .* at the engine's rates/m);
    assert.not.match(all.stdout, /unknown/);
  }),
);

law("what a run would end with stops it before any stage starts, where the file says it", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    writeFileSync(file, readFileSync(file, "utf8").replace("rank: 8, split", "rank: 500, split"));
    const out = join(folder, "out");
    const ended = await jacoflow(["run", file, "--out", out]);
    assert.is(ended.code, 78);
    assert.match(ended.stderr, /^error RANK_TOO_LARGE .*small\.yaml:8:81 stages\.svd\.with\.rank$/m);
    assert.not(existsSync(out));
  }),
);

law("shows what the run would end with, and leaves nothing", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const out = join(folder, "out");
    const large = await jacoflow([
      "run",
      file,
      "--dry-run",
      "--out",
      out,
      "--set",
      "stages.svd.with.rank=500",
    ]);
    assert.is(large.code, 78);
    assert.match(large.stdout, /would fail: .*RANK_TOO_LARGE/);
    const small = await jacoflow(["run", file, "--dry-run", "--out", out, "--memory", "10kB"]);
    assert.is(small.code, 78);
    assert.match(small.stdout, /would fail: .*MEMORY_LIMIT/);
    assert.throws(() => readFileSync(out), /ENOENT/);
  }),
);

law.run();
