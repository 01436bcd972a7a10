import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { partsOf, query } from "../support/tables.js";

const law = suite("the report and its tables");

law.before(build);

/** Writes a table's only part again, one column of some rows as SQL says. */
async function edit(
  run: string,
  place: { readonly table: string; readonly stage: string },
  column: string,
  value: string,
  where: string,
): Promise<void> {
  const { table, stage } = place;
  const part = join(run, "tables", table, stage, "part-00000.parquet");
  const edited = join(run, "edited.parquet");
  await query(
    `copy (select * replace (case when ${where} then ${value} else ${column} end as ${column})
           from ${partsOf(run, table, stage)}) to '${edited}' (format parquet)`,
  );
  renameSync(edited, part);
  // They are of the part as its run wrote it.
  rmSync(join(run, "tables", table, stage, "_checksums.json"), { force: true });
}

const edits = [
  {
    what: "the test error at the last epoch",
    at: { table: "metrics", stage: "train" },
    column: "value",
    value: "0.7654",
    where: "name = 'error' and split = 'test' and epoch = 6",
    shown: ["0.765"],
  },
  {
    what: "the norm ratio of the unpredictable noise on the initial Jacobian",
    at: { table: "projection", stage: "project" },
    column: "information_ratio",
    value: "0.8768",
    where: "target = 'label_noise' and split = 'train' and jacobian_step = 0",
    // In the headline table and in a sentence.
    shown: ['<td class="own">0.877</td>', "<strong>0.877</strong>"],
  },
  {
    what: "the largest singular value at the end",
    at: { table: "spectrum", stage: "svd" },
    column: "singular_value",
    value: "987.6",
    where: "split = 'train' and index = 1 and epoch = 6",
    shown: ["<td>988</td>"],
  },
] as const;

law("changing a value in a table changes what `report` writes, there and in the words", () =>
  withFolder(async (folder) => {
    const run = join(folder, "run");
    const sinks = { report: "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }" };
    const made = await jacoflow(["run", writeSmallPipeline(folder, sinks), "--out", run, "-q"]);
    assert.is(made.code, 0, made.stderr);
    const page = async () => {
      const { code, stderr } = await jacoflow(["report", run]);
      assert.is(code, 0, stderr);
      return readFileSync(join(run, "report.html"), "utf8");
    };
    let before = readFileSync(join(run, "report.html"), "utf8");
    assert.is(await page(), before, "the tables as they were give the page of the run");
    for (const { what, at, column, value, where, shown } of edits) {
      for (const text of shown) assert.not.ok(before.includes(text), `${text} was there before`);
      await edit(run, at, column, value, where);
      const after = await page();
      assert.is.not(after, before, what);
      for (const text of shown) assert.ok(after.includes(text), `${what}: no ${text}`);
      before = after;
    }
  }),
);

law("`report --compare` writes one page of several runs, each a line in every chart", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const runs = ["seed-7", "seed-8"].map((name) => join(folder, name));
    for (const run of runs) {
      const made = await jacoflow(["run", file, "--out", run, "--seed", run.slice(-1), "-q"]);
      assert.is(made.code, 0, made.stderr);
    }
    const page = join(folder, "side-by-side.html");
    const { code, stdout, stderr } = await jacoflow(["report", "--out", page, "--compare", ...runs]);
    assert.is(code, 0, stderr);
    assert.is(stdout, `${page}\n`);
    const { document } = parseHTML(readFileSync(page, "utf8"));
    assert.is(document.querySelector("h1")?.textContent, "2 runs side by side");
    const legends = [...document.querySelectorAll("figure")].map((figure) =>
      [...figure.querySelectorAll(".legend li")].map((entry) => entry.textContent?.trim()),
    );
    assert.ok(legends.length >= 10, `${legends.length} figures`);
    for (const legend of legends) {
      for (const name of ["seed-7", "seed-8"]) {
        assert.ok(
          legend.some((entry) => entry?.startsWith(name)),
          legend.join(", "),
        );
      }
    }
    const short = await jacoflow(["report", "--compare", runs[0]]);
    assert.is(short.code, 2, short.stderr);
  }),
);

law.run();
