import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { examplesTable, predictionsTable } from "../../schemas/tables/examples.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { parametersTable } from "../../schemas/tables/parameters.js";
import { angles, directions, projection } from "../../schemas/tables/projection.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";
import { listTables } from "../../stages/sinks/parquet/read.js";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { filesBelow, leftovers, partsOf, query } from "../support/tables.js";

const law = suite("tables of a run");

law.before(build);

/** Every table there is, kept as Parquet, and a report. */
const everything = {
  angles: "{ uses: metrics/angles, from: svd.basis, with: { rank: 4 } }",
  parquet:
    "{ uses: sink/parquet, from: [noise, train.snapshots, train.predictions, train.metrics, svd.spectrum, svd.basis, svd.metrics, svd.predictions, project, angles], with: { arrow: [] } }",
  report: "{ uses: sink/report, from: [train.metrics, svd.spectrum, svd.metrics, project, angles] }",
  console: "{ uses: sink/console, from: [train.metrics, svd.spectrum, project] }",
} as const;

const columnsOf = {
  examples: Object.keys(examplesTable([6, 6, 1]).columns),
  parameters: Object.keys(parametersTable({}).columns),
  predictions: Object.keys(predictionsTable(3).columns),
  metrics: Object.keys(metrics.columns),
  spectrum: Object.keys(spectrum.columns),
  basis: Object.keys(basis.columns),
  projection: Object.keys(projection.columns),
  directions: Object.keys(directions.columns),
  angles: Object.keys(angles.columns),
} as const;

law("every table is read by DuckDB with its columns, and holds what it must", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const { code, stderr, stdout } = await jacoflow([
      "run",
      writeSmallPipeline(folder, everything),
      "--out",
      run,
    ]);
    assert.is(code, 0, stderr);
    assert.equal(leftovers(run), []);
    assert.ok(stdout.split("\n").length > 10, "the console sink prints on stdout");

    const kept = await listTables(run);
    assert.equal([...new Set(kept.map(({ table }) => table))].sort(), Object.keys(columnsOf).sort());
    for (const { table, stage } of kept) {
      const rows = await query(`select * from ${partsOf(run, table, stage)}`);
      assert.ok(rows.length > 0, table);
      assert.equal(Object.keys(rows[0]), columnsOf[table as keyof typeof columnsOf]);
    }
    const one = async (sql: string) => (await query(sql))[0];
    const from = (table: string, stage: string) => partsOf(run, table, stage);

    // 60 training examples of which exactly half changed their label; noise touches no test example.
    assert.equal(
      await query(
        `select split, count(*) as n, count(*) filter (label <> clean_label) as noisy from ${from("examples", "noise")} group by split order by split`,
      ),
      [
        { split: "test", n: 30, noisy: 0 },
        { split: "train", n: 60, noisy: 30 },
      ],
    );
    // Singular values descend and are positive: three Jacobians on two splits, eight values each.
    const spectrumRows = await one(
      `select count(*) as n, min(singular_value) as least, bool_and(coalesce(singular_value <= above, true)) as descend from (select *, lag(singular_value) over (partition by jacobian_step, split order by index) as above from ${from("spectrum", "svd")})`,
    );
    assert.is(spectrumRows.n, 48);
    assert.ok((spectrumRows.least as number) > 0 && spectrumRows.descend === true);
    // The two norms of a projection are those of a right triangle.
    const pythagoras = await one(
      `select max(abs(information_ratio ** 2 + nuisance_ratio ** 2 - 1)) as off from ${from("projection", "project")} where not isnan(information_ratio)`,
    );
    assert.ok((pythagoras.off as number) < 1e-9, String(pythagoras.off));
    // A basis vector has length one.
    const lengths = await one(
      `select max(abs(list_sum(list_transform("left", x -> x::double * x)) - 1)) as off from ${from("basis", "svd")}`,
    );
    assert.ok((lengths.off as number) < 1e-4, String(lengths.off));
    // Training lowers its loss.
    const [first, last] = await query(
      `select value from ${from("metrics", "train")} where name = 'loss' and split = 'train' and epoch in (0, 6) order by epoch`,
    );
    assert.ok((last.value as number) < (first.value as number));
  }),
);

law("inspect counts the rows and shows the headline; report writes the same page again", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    await jacoflow(["run", writeSmallPipeline(folder, everything), "--out", run, "-q"]);
    const inspected = await jacoflow(["inspect", run]);
    assert.is(inspected.code, 0, inspected.stderr);
    assert.match(inspected.stdout, /outcome +done/);
    assert.match(inspected.stdout, /spectrum +svd +48 +parquet/);
    assert.match(inspected.stdout, "unpredictable noise");
    const before = readFileSync(join(run, "report.html"), "utf8");
    const reported = await jacoflow(["report", run]);
    assert.is(reported.code, 0, reported.stderr);
    assert.is(readFileSync(join(run, "report.html"), "utf8"), before);
    assert.not.match(before, /(src|href)="(https?:)?\/\//);
  }),
);

law("a folder that is no run is refused", () =>
  withFolder(async (folder) => {
    for (const command of ["inspect", "report"]) {
      const { code, stderr } = await jacoflow([command, folder]);
      assert.is(code, 78);
      assert.match(stderr, /^error NOT_A_RUN_FOLDER/);
    }
    assert.equal(filesBelow(folder), []);
  }),
);

law("with --json the last line of stdout is how the run went", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const { code, stdout } = await jacoflow([
      "run",
      writeSmallPipeline(folder),
      "--out",
      run,
      "--json",
      "-q",
    ]);
    assert.is(code, 0);
    const said = JSON.parse(stdout.trimEnd().split("\n").at(-1) as string);
    assert.is(said.outcome, "done");
    assert.is(said.exitCode, 0);
    assert.is(said.runFolder, run);
    assert.is(said.stages.length, 7);
  }),
);

law.run();
