import { readdirSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { partsOf, query, tableHashes } from "../support/tables.js";

const law = suite("first-party plugins");

law.before(build);

const quickstart = join(repository, "examples/quickstart.yaml");
const smaller = [
  "stages.data.with.train=120",
  "stages.data.with.test=60",
  "stages.train.with.epochs=4",
  "stages.train.with.snapshots.at=[0, 4]",
  "stages.svd.with.rank=8",
  "stages.project.with.rank=8",
].flatMap((set) => ["--set", set]);
const byParquetjs = ["--plugins", "parquetjs-lite", "--set", "stages.parquet.uses=sink/parquetjs-lite"];

/** Runs the quickstart, smaller, with these flags. */
async function run(folder: string, flags: readonly string[]): Promise<string> {
  const { code, stderr } = await jacoflow(["run", quickstart, "--out", folder, "-q", ...smaller, ...flags]);
  assert.is(code, 0, stderr);
  return folder;
}

law(
  "the quickstart by sink/parquetjs-lite leaves what sink/parquet leaves, and the same bytes every time",
  () =>
    withFolder(async (folder) => {
      const mine = await run(join(folder, "mine"), byParquetjs);
      const other = await run(join(folder, "other"), []);
      const tables = [
        ["directions", "project"],
        ["metrics", "train"],
        ["spectrum", "svd"],
        ["projection", "project"],
      ] as const;
      assert.equal(readdirSync(join(mine, "tables")).sort(), tables.map(([table]) => table).sort());
      for (const [table, stage] of tables) {
        const [left, right] = [mine, other].map((own) => partsOf(own, table, stage));
        const columns = (from: string) =>
          query(`select column_name, column_type from (describe from ${from})`);
        assert.equal(await columns(left), await columns(right), table);
        // sink/parquet keeps rows by step, this sink as they were sent. NaN equals NaN.
        const differing = await query(
          `select * from ((from ${left} except all from ${right}) union all (from ${right} except all from ${left}))`,
        );
        assert.equal(differing, [], table);
        assert.ok(Number((await query(`select count(*) as rows from ${left}`))[0].rows) > 0, table);
      }
      const again = await run(join(folder, "again"), byParquetjs);
      assert.equal(tableHashes(again), tableHashes(mine));
      const { code, stdout } = await jacoflow(["inspect", mine]);
      assert.is(code, 0);
      assert.match(stdout, "projection");
    }),
);

law(
  "each is found by its name, described, and keeps the laws of stages by its own examples, wherever it is tried",
  async () => {
    const stages = {
      csv: "data/csv",
      duckdb: "sink/duckdb",
      keras: "network/keras",
      "kernel-alignment": "metrics/kernel-alignment",
      "labels-from-file": "labels/from-file",
      "parquetjs-lite": "sink/parquetjs-lite",
    };
    const { stdout } = await jacoflow(["stages", "--plugins", Object.keys(stages).join(",")]);
    for (const [plugin, stage] of Object.entries(stages)) {
      assert.match(stdout, stage);
      const described = await jacoflow(["describe", stage, "--plugins", plugin]);
      assert.is(described.code, 0, described.stderr);
      assert.match(described.stdout, stage);
      const checked = await jacoflow(["check-plugin", plugin, "--json"]);
      const results = JSON.parse(checked.stdout) as { readonly law: string; readonly passed: boolean }[];
      // DuckDB's files need not be the same bytes for the same rows, as its README says.
      const exempt = plugin === "duckdb" ? "deterministic under a seed" : undefined;
      assert.equal(
        results.filter(({ law, passed }) => !passed && law !== exempt),
        [],
        checked.stdout + checked.stderr,
      );
      assert.ok(results.length >= 10, checked.stderr);
    }
  },
);

law.run();
