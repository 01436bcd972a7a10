import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Columns, TableDefinition } from "../../schemas/table.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { projection } from "../../schemas/tables/projection.js";
import { spectrum } from "../../schemas/tables/spectrum.js";
import { listTables, loadRows } from "../../stages/sinks/parquet/read.js";
import { build, jacoflow, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";

const law = suite("replacement");

law.before(build);

const quickstart = join(repository, "examples/quickstart.yaml");
const plugins = ["./plugins/exact-spectrum.js", "./plugins/arrow-sink.js"];
/** A smaller run of the same file, so that it takes seconds; the whole one where JACOFLOW_FULL_SIZE is set. */
const smaller = (
  process.env.JACOFLOW_FULL_SIZE !== undefined
    ? []
    : [
        "stages.data.with.train=240",
        "stages.data.with.test=120",
        "stages.train.with.epochs=20",
        "stages.train.with.snapshots.at=[0, 5, 20]",
      ]
).flatMap((set) => ["--set", set]);

type Row = Readonly<Record<string, unknown>>;

/** The rows of a table of one stage, whatever form its files have. */
async function rowsOf<C extends Columns>(
  run: string,
  definition: TableDefinition<C>,
  stage: string,
): Promise<readonly Row[]> {
  const kept = (await listTables(run)).find(
    (found) => found.table === definition.name && found.stage === stage,
  );
  assert.ok(kept, `${definition.name} of ${stage} was kept`);
  // Parquet has them by step, Arrow as they were sent.
  const step = "step" in definition.columns ? "step" : "jacobian_step";
  const rows = (await loadRows(definition, kept)) as readonly Row[];
  return [...rows].sort((left, right) => Number(left[step]) - Number(right[step]));
}

/** How a value was found, which another way has to say otherwise. */
const ofTheWay = ["method", "exact", "residual_bound"];

/** Same rows, same keys; numbers to a thousandth, for one way stops at its tolerance. */
function compare(table: string, mine: readonly Row[], other: readonly Row[]): void {
  assert.ok(mine.length > 0, table);
  assert.is(other.length, mine.length, `rows of ${table}`);
  mine.forEach((row, at) => {
    for (const [name, value] of Object.entries(row)) {
      if (ofTheWay.includes(name)) continue;
      const found = other[at][name];
      const place = `${table}, row ${at}, ${name}: ${value} and ${found}`;
      if (typeof value !== "number" || !Number.isFinite(value)) assert.equal(found, value, place);
      else assert.ok(Math.abs(value - Number(found)) <= 1e-3 * Math.max(1e-2, Math.abs(value)), place);
    }
  });
}

law(
  "the quickstart with a plugin's spectrum and a plugin's sink, the file unchanged, gives the same tables",
  () =>
    withFolder(async (folder) => {
      const runs: string[] = [];
      // As at its full size, where the built-in stage finds block Krylov to be less work.
      const builtIn = ["--set", "stages.svd.with.method=block-krylov"];
      for (const flags of [builtIn, ["--plugins", plugins.join(",")]]) {
        const run = join(folder, `run-${runs.length}`);
        const { code, stderr } = await jacoflow([
          "run",
          quickstart,
          "--out",
          run,
          "-q",
          ...smaller,
          ...flags,
        ]);
        assert.is(code, 0, stderr);
        runs.push(run);
      }
      const forms = await Promise.all(
        runs.map(async (run) => (await listTables(run)).map(({ format }) => format)),
      );
      assert.equal(
        forms.map((found) => [...new Set(found)]),
        [["parquet"], ["arrow"]],
      );
      const ways = await Promise.all(runs.map((run) => rowsOf(run, spectrum, "svd")));
      for (const [definition, stage] of [
        [metrics, "train"],
        [spectrum, "svd"],
        [projection, "project"],
      ] as const) {
        const [mine, other] = await Promise.all(
          runs.map((run) => rowsOf(run, definition as TableDefinition, stage)),
        );
        compare(definition.name, mine, other);
      }
      assert.equal(
        ways.map((rows) => [...new Set(rows.map(({ method }) => method))]),
        [["block-krylov"], ["exact"]],
      );
    }),
);

law("the options of the plugin's stage are the ones that count", async () => {
  const words = ["validate", quickstart, "--plugins", plugins.join(","), "--format", "json"];
  assert.is((await jacoflow(words)).code, 0);
  const { code, stdout } = await jacoflow([...words, "--set", "stages.svd.with.maxSweeps=3"]);
  assert.is(code, 78);
  assert.match(stdout, "UNKNOWN_OPTION");
});

law("a stage with other ports replaces nothing", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    writeFileSync(
      join(folder, "half.js"),
      readFileSync(join(repository, "examples/plugins/arrow-sink.js"), "utf8").replace(
        "lossless(many(stream(",
        "many((stream(",
      ),
    );
    symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
    const { code, stderr } = await jacoflow(["validate", file, "--plugins", "./half.js"]);
    assert.is(code, 78);
    assert.match(stderr, "sink/parquet");
    assert.match(stderr, "lossless");
  }),
);

law.run();
