import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { tableHashes } from "../support/tables.js";

const law = suite("same bytes");

law.before(build);

type Hashes = Readonly<Record<string, string>>;

/** Runs the small pipeline in a new folder and resolves to the hashes of its tables. */
function hashesOf(
  changes: Readonly<Record<string, string | null>> = {},
  ...flags: readonly string[]
): Promise<Hashes> {
  return withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, changes);
    const run = join(folder, "run");
    const { code, stderr } = await jacoflow(["run", file, "--out", run, "-q", ...flags]);
    assert.is(code, 0, stderr);
    return tableHashes(run);
  });
}

/** What the first run wrote; every law compares with it. */
let first: Hashes = {};

law.before(async () => {
  first = await hashesOf();
});

law("a run writes the tables its sinks were given", () => {
  const tables = [...new Set(Object.keys(first).map((path) => path.split("/").slice(0, 2).join("/")))];
  assert.equal(tables, ["directions/project", "metrics/train", "projection/project", "spectrum/svd"]);
});

law("the same file and seed give the same bytes in another folder", async () => {
  assert.equal(await hashesOf(), first);
});

law("another seed gives other bytes in every table", async () => {
  const other = await hashesOf({}, "--seed", "8");
  for (const [path, hash] of Object.entries(other)) assert.is.not(hash, first[path], path);
});

law("load on every core changes nothing", async () => {
  const busy = Array.from({ length: availableParallelism() + 1 }, () =>
    spawn(process.execPath, ["-e", "for (;;) Math.sqrt(2)"], { stdio: "ignore" }),
  );
  try {
    assert.equal(await hashesOf(), first);
  } finally {
    for (const child of busy) child.kill("SIGKILL");
  }
});

law("one sink more, and one stage more, change nothing of the others", async () => {
  const more = await hashesOf({
    arrow: "{ uses: sink/console, from: [train.metrics, svd.spectrum, project] }",
    angles: "{ uses: metrics/angles, from: svd.basis, with: { rank: 4 } }",
    "parquet-of-angles": "{ uses: sink/parquet, from: angles }",
  });
  for (const [path, hash] of Object.entries(first)) assert.is(more[path], hash, path);
});

law("the order of the stages in the file changes nothing", async () => {
  const parquet = "{ uses: sink/parquet, from: [train.metrics, svd.spectrum, project] }";
  assert.equal(await hashesOf({ parquet: null, "a-sink": parquet }), first);
});

law.run();
