import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { writeIndex } from "../../../pipeline/cli/matrix/indexTable.js";
import { queryCommand } from "../../../pipeline/cli/queryCommand.js";
import type { QueryFormat } from "../../../pipeline/cli/queryRows.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { recordedTerminal } from "../../support/recordedTerminal.js";
import { inFolder, inputOf, sinkContext } from "../../support/sinks.js";

const law = suite("query");

/** Two rows of steps 1 and 2, as a run that is done leaves them. */
async function keepRun(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "run.json"), '{ "outcome": "done" }');
  const batch = metrics.batch(
    { stage: "train", step: [1, 2], epoch: 0, split: "test", name: "loss", value: [0.5, 0.25] },
    2,
  );
  const options = { rowsPerPart: 9, compression: "snappy" as const, arrow: [] };
  await parquet.run({ tables: [inputOf("train", "metrics", [batch])] }, {}, sinkContext(folder, options));
  return folder;
}

async function ask(run: string, sql: string, format: QueryFormat = "csv"): Promise<string> {
  const { terminal, written } = recordedTerminal();
  assert.is(await queryCommand({ run, sql, format }, terminal), 0);
  return written.out;
}

law("a run is read alone and as it is, whatever its folder is called", () =>
  inFolder(async (folder) => {
    const runs = join(folder, "runs");
    const plain = await keepRun(join(runs, "plain"));
    const names = [
      "step=5",
      "rate=0.1",
      "w?",
      "wx",
      "s*",
      "a[1]",
      "a1",
      "[!a]",
      "it's",
      'a "b"',
      "{a,b}",
      "ü",
    ];
    for (const name of names) await cp(plain, join(runs, name), { recursive: true });
    for (const name of names) {
      const rows = await ask(join(runs, name), "select * from metrics");
      assert.is(
        rows,
        "stage,step,epoch,split,name,value\ntrain,1,0,test,loss,0.5\ntrain,2,0,test,loss,0.25\n",
        name,
      );
    }
    const counts = await ask(runs, "select count(*), count(distinct run), sum(step) from metrics", "ndjson");
    const count = names.length + 1;
    assert.equal(Object.values(JSON.parse(counts)), [2 * count, count, 3 * count]);
  }),
);

law(
  "the index of a matrix is the view runs, of all its shares, and goes with the tables by the column run",
  () =>
    inFolder(async (folder) => {
      const [one, two] = [join(folder, "one"), join(folder, "it's two")];
      const run = (id: string, seed: number) => ({ id, seed, values: { seed }, outcome: "done" as const });
      for (const [at, id] of ["a", "b"].entries()) {
        await keepRun(join(one, id));
        await writeIndex(one, ["seed"], [run(id, at)], { number: at + 1, of: 2 });
      }
      await keepRun(join(two, "a"));
      await writeIndex(two, ["seed"], [run("a", 7), run("waits", 8)], { number: 1, of: 1 });
      const rows = "select run, folder, seed from runs order by seed";
      assert.is(await ask(one, rows), "run,folder,seed\na,a,0\nb,b,1\n");
      assert.is(
        await ask(folder, rows),
        "run,folder,seed\none/a,a,0\none/b,b,1\nit's two/a,a,7\nit's two/waits,waits,8\n",
      );
      const both =
        "select seed, sum(value) as sum from metrics join runs using (run) group by seed order by seed";
      assert.is(await ask(folder, both), "seed,sum\n0,0.75\n1,0.75\n7,0.75\n");
      assert.is(await ask(one, both), "seed,sum\n0,0.75\n1,0.75\n");
    }),
);

law("a table may have more rows than a call may have arguments", () =>
  inFolder(async (folder) => {
    const rows = await ask(await keepRun(folder), "select range as n from range(300_000)", "table");
    assert.is(rows.length, 2 + 7 * 300_000);
    assert.ok(rows.startsWith("n\n     0\n"));
  }),
);

law("nothing and an empty text differ in CSV, and a row of nothing is no empty line", () =>
  inFolder(async (folder) => {
    const run = await keepRun(folder);
    assert.is(await ask(run, "select null as a, '' as b, 'c,\"d\"' as c"), 'a,b,c\n,"","c,""d"""\n');
    assert.is(await ask(run, "select null as a"), 'a\n""\n');
  }),
);

law(
  "every value is written whole: digits, signs of zeros, what is no number, and what DuckDB alone has a form for",
  () =>
    inFolder(async (folder) => {
      const run = await keepRun(folder);
      const columns = {
        "9223372036854775807::bigint": "9223372036854775807",
        "12345678901234567890.12::decimal(38, 2)": "12345678901234567890.12",
        "[-0.10::decimal(4, 2), null]": "[-0.10,null]",
        "-0.0::double": "-0",
        "'nan'::double": '"NaN"',
        "'-inf'::double": '"-Infinity"',
        "[1.5, null, 'nan'::double]": '[1.5,null,"NaN"]',
        "{'a': 1, 'b': ['c']}": '{"a":1,"b":["c"]}',
        "date '2020-01-02'": '"2020-01-02"',
        "timestamp '2020-01-02 03:04:05.678901'": '"2020-01-02 03:04:05.678901"',
        "time '01:02:03'": '"01:02:03"',
        "interval 1 day": '"1 day"',
        "'a'::blob": '"a"',
        null: "null",
      };
      for (const [sql, text] of Object.entries(columns)) {
        assert.is(await ask(run, `select ${sql} as x`, "ndjson"), `{"x":${text}}\n`, sql);
      }
      const dates = "select date '2020-01-02' as day, [date '2020-01-02'] as days";
      assert.is(await ask(run, dates), 'day,days\n2020-01-02,"[""2020-01-02""]"\n');
    }),
);

law("what a text holds does not command the terminal", () =>
  inFolder(async (folder) => {
    const shown = await ask(await keepRun(folder), "select chr(27) || '[31m' as x", "table");
    assert.is(shown, "x\n\\u001b[31m\n");
  }),
);

law.run();
