import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readRunTables, rowsOfTable } from "../../pipeline/cli/runTables.js";
import { directions } from "../../schemas/tables/projection.js";
import { listTables } from "../../stages/sinks/parquet/read.js";
import { type CuttableTables, cutAt, cutRange, noCuttableTables } from "../../stages/sinks/report/cut.js";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { projectionRow } from "../support/sampleRun.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";

const law = suite("a cut that is moved");

law.before(build);

async function tablesOf(run: string): Promise<CuttableTables> {
  const kept = await listTables(run);
  return { ...(await readRunTables(run)), directions: await rowsOfTable(directions, kept) };
}

law("the tables cut at a smaller rank are those of a run that was cut there", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const at = async (rank: number) => {
      const run = join(folder, `rank-${rank}`);
      const words = ["run", file, "--out", run, "-q", "--set", `stages.project.with.rank=${rank}`];
      const { code, stderr } = await jacoflow(words);
      assert.is(code, 0, stderr);
      return tablesOf(run);
    };
    const [eight, three] = [await at(8), await at(3)];
    assert.equal(cutRange(eight), { largest: 8, usual: 8 });
    const moved = cutAt(eight, 3).projection;
    assert.is(moved.length, three.projection.length);
    for (const [index, row] of moved.entries()) {
      for (const [name, value] of Object.entries(three.projection[index])) {
        const found = row[name as keyof typeof row];
        const what = `${name} of ${row.target}, step ${row.step}: ${found} and ${value}`;
        if (typeof value !== "number" || Number.isNaN(value)) assert.equal(found, value, what);
        else assert.ok(Math.abs(Number(found) - value) <= 1e-5 * Math.max(1, Math.abs(value)), what);
      }
    }
    assert.equal(cutAt(eight, 8).projection, eight.projection, "its own rank changes nothing");
    const record = JSON.parse(readFileSync(join(folder, "rank-3/run.json"), "utf8"));
    assert.ok(record.wires.some((wire: { table: string }) => wire.table === "directions"));
  }),
);

law("where two stages took singular values of one step, each projection is cut by those of its own", () => {
  const [step, epoch, split, jacobian_step] = [0, 0, "train", 0] as const;
  const stages = [
    { svd: "first", project: "on-first", scale: 10 },
    { svd: "second", project: "on-second", scale: 1000 },
  ];
  const tables: CuttableTables = {
    ...noCuttableTables,
    spectrum: stages.flatMap(({ svd, scale }) =>
      [4, 2, 1].map((value, at) => ({
        ...{ stage: svd, jacobian_step, epoch, split, index: at + 1, singular_value: scale * value },
        ...{ residual_bound: 0, energy_share: 0, method: "exact", exact: true },
      })),
    ),
    directions: stages.map(({ project }) => ({
      ...{ stage: project, step, epoch, split, jacobian_step, target: "label", norm: 1 },
      energies: [0.5, 0.25, 0.125],
    })),
    projection: stages.map(({ project }) => ({
      ...projectionRow({ epoch, jacobianEpoch: 0, split, target: "label", norm: 1, ratio: 0.9 }),
      ...{ stage: project, rank: 3 },
    })),
  };
  const sources = new Map(stages.map(({ svd, project }) => [project, svd]));
  assert.equal(
    cutAt(tables, 2, sources).projection.map(({ cutoff, gap }) => [cutoff, gap]),
    [
      [20, 2],
      [2000, 2],
    ],
  );
  assert.is(cutAt(tables, 2).projection[0].cutoff, 20, "who is not told takes the first");
});

law.run();
