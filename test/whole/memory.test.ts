import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";

const law = suite("the memory limit of a run");

law.before(build);

function writePipeline(folder: string): string {
  const file = join(folder, "limited.yaml");
  const data = join(repository, "examples/data/fashion-3");
  writeFileSync(
    file,
    `name: limited
stages:
  data:    { uses: data/idx, with: { path: "${data}", train: 1200, test: 0 } }
  network: { uses: network/init, from: data, with: { architecture: mlp, hidden: [128, 64] } }
  svd:     { uses: jacobian/spectrum, from: [data, network], with: { rank: 3 } }
  console: { uses: sink/console, from: svd.metrics }
`,
  );
  return file;
}

if (process.platform === "linux") {
  law("holds for the whole process, where the quickest way would take more", () =>
    withFolder(async (folder) => {
      const file = writePipeline(folder);
      // Without a limit: the Gram matrix of 3,600 rows, 559 MB in all when this was written.
      const free = JSON.parse((await jacoflow(["run", file, "--dry-run", "--json"])).stdout);
      const limit = 459e6;
      assert.ok(free.memoryBytes > 1.1 * limit);
      const run = join(folder, "run");
      const ended = await jacoflow(["run", file, "--out", run, "-q", "--memory", String(limit)]);
      assert.is(ended.code, 0, ended.stderr);
      const { peakMemoryBytes } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
      assert.ok(peakMemoryBytes <= limit, `${peakMemoryBytes}`);
    }),
  );
}

law("that is too small for the program and its stages is refused before anything is written", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const ended = await jacoflow(["run", writePipeline(folder), "--out", run, "--memory", "287MB"]);
    assert.is(ended.code, 78);
    assert.match(ended.stderr, /MEMORY_LIMIT/);
    assert.not(existsSync(run));
  }),
);

law("is checked before a run with what its engine takes, which may be more than another's", () =>
  withFolder(async (folder) => {
    const sets = ["engine=wasm", "stages.svd.with.method=block-krylov"].flatMap((set) => ["--set", set]);
    const words = ["run", writePipeline(folder), ...sets];
    const { memoryBytes } = JSON.parse((await jacoflow([...words, "--dry-run", "--json"])).stdout);
    const run = join(folder, "run");
    const limit = Math.floor((memoryBytes - 1e6 + 64e6) / 0.9);
    const ended = await jacoflow([...words, "--out", run, "--memory", String(limit)]);
    assert.is(ended.code, 78, ended.stderr);
    assert.not(existsSync(run));
  }),
);

law.run();
