import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, program } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { partsOf, query } from "../support/tables.js";

const law = suite("the way out");

law.before(build);

/** A run with no Jacobian: what leaves it is enough here. */
const short = {
  svd: null,
  project: null,
  noise: "{ uses: labels/noise, from: data, with: { fraction: 0.5 } }",
};

law("NDJSON on stdout is nothing but the rows, in the order of the Parquet tables", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      ...short,
      parquet: "{ uses: sink/parquet, from: train.metrics }",
      lines: '{ uses: sink/ndjson, from: train.metrics, with: { file: "-" } }',
    });
    const run = join(folder, "run");
    const { code, stdout, stderr } = await jacoflow(["run", file, "--out", run]);
    assert.is(code, 0, stderr);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const rows = await query(`select step, split, name, value from ${partsOf(run, "metrics", "train")}`);
    assert.equal(
      lines.map(({ table, stage, epoch, ...row }) => row),
      rows,
    );
    assert.match(stderr, "done after");
  }),
);

law("a reader of stdout that goes away ends the run by name, with what other sinks were given on disk", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      ...short,
      parquet: "{ uses: sink/parquet, from: train.metrics }",
      lines: '{ uses: sink/ndjson, from: train.predictions, with: { file: "-" } }',
    });
    const run = join(folder, "run");
    const child = spawn(process.execPath, [program, "run", file, "--out", run], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.stdout.once("data", () => child.stdout.destroy());
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    assert.is(code, 1, said);
    assert.match(said, "OUTPUT_CLOSED");
    assert.ok(existsSync(join(run, "run.json")));
    const [{ rows }] = await query(`select count(*) as rows from ${partsOf(run, "metrics", "train")}`);
    assert.ok(Number(rows) > 0);
  }),
);

law("compact leaves one file a table and stage with the same rows, and again changes nothing", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      ...short,
      parquet: "{ uses: sink/parquet, from: train.metrics, with: { rowsPerPart: 5 } }",
    });
    const run = join(folder, "run");
    assert.is((await jacoflow(["run", file, "--out", run, "-q"])).code, 0);
    const parts = () => readdirSync(join(run, "tables/metrics/train"));
    const rows = () => query(`select * from ${partsOf(run, "metrics", "train")}`);
    assert.ok(parts().length > 1);
    const before = await rows();
    const { code, stdout, stderr } = await jacoflow(["compact", run]);
    assert.is(code, 0, stderr);
    assert.match(stdout, /metrics +train +\d+ +\d+/);
    assert.equal(parts(), ["part-00000.parquet"]);
    assert.equal(await rows(), before);
    assert.is((await jacoflow(["compact", run])).stdout, "every table is one file\n");
  }),
);

law.run();
