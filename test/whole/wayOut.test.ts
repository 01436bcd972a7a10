import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeArrow } from "../../schemas/ipc.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { rowsOf } from "../../stages/sinks/rows.js";
import { build, jacoflow, program } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { partsOf, query, tableHashes } from "../support/tables.js";

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

law("--stream - is one Arrow stream on stdout and nothing else, and changes no table", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      ...short,
      parquet: "{ uses: sink/parquet, from: train.metrics }",
    });
    const [plain, streamed] = [join(folder, "plain"), join(folder, "streamed")];
    assert.is((await jacoflow(["run", file, "--out", plain, "-q"])).code, 0);
    const child = spawn(
      process.execPath,
      [program, "run", file, "--out", streamed, "--stream", "-", "--stream", "predictions=p.arrows"],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    child.stderr.resume();
    const chunks: Buffer[] = [];
    for await (const chunk of child.stdout) chunks.push(chunk as Buffer);
    const { batches } = decodeArrow(Uint8Array.from(Buffer.concat(chunks)));
    const rows = batches.flatMap((batch) => rowsOf(metrics, batch));
    assert.equal(rows, await query(`select * from ${partsOf(plain, "metrics", "train")}`));
    assert.equal(tableHashes(streamed), tableHashes(plain));
    const beside = decodeArrow(Uint8Array.from(readFileSync(join(streamed, "p.arrows"))));
    assert.is(beside.schema.metadata.get("jacoflow.table"), "predictions");
    assert.ok(beside.batches.length > 0);
  }),
);

law("a stream that cannot be is refused as a mistake of the command line", () =>
  withFolder(async (folder) => {
    const lines = '{ uses: sink/ndjson, from: train.metrics, with: { file: "-" } }';
    const file = writeSmallPipeline(folder, { ...short, parquet: null, lines });
    for (const [words, why] of [
      [["--stream", "-"], "stages.lines writes to stdout too"],
      [["--stream", "spectrum=s"], "There are"],
      [["--stream", "metrics=a/b"], "name a file"],
      [["--stream", "metrics=a", "--stream", "-", "--json"], "either"],
    ] as const) {
      const { code, stderr } = await jacoflow(["run", file, "--out", join(folder, "run"), ...words]);
      assert.is(code, 2, words.join(" "));
      assert.match(stderr, why);
    }
    assert.not.ok(existsSync(join(folder, "run")));
  }),
);

law("query has a view a table over all stages, and over all runs of a folder with the run in front", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      ...short,
      parquet: "{ uses: sink/parquet, from: train.metrics }",
    });
    const runs = join(folder, "runs");
    for (const seed of ["1", "2"]) {
      const out = join(runs, `seed-${seed}`);
      assert.is((await jacoflow(["run", file, "--out", out, "-q", "--seed", seed])).code, 0);
    }
    const ask = (where: string, sql: string, ...flags: string[]) => jacoflow(["query", where, sql, ...flags]);
    const one = join(runs, "seed-1");
    const sql = "select step, value, 0/0 as nothing from metrics where name = 'error' order by step, split";
    const wanted = await query(`${sql.replace("metrics", partsOf(one, "metrics", "train"))}`);
    const lines = (await ask(one, sql, "--format", "ndjson")).stdout.trimEnd().split("\n");
    assert.equal(
      lines.map((line) => JSON.parse(line)).map(({ step, value }) => ({ step, value })),
      wanted.map(({ step, value }) => ({ step, value })),
    );
    const both = "select run, count(*) as rows from metrics group by run order by run";
    assert.match((await ask(runs, both)).stdout, /^run +rows\nseed-1 +\d+\nseed-2 +\d+\n$/);
    assert.match((await ask(runs, both, "--format", "csv")).stdout, /^run,rows\nseed-1,\d+\n/);
    const wrong = await ask(one, "select nothing from nowhere");
    assert.is(wrong.code, 2);
    assert.match(wrong.stderr, "QUERY_FAILED");
    assert.match(wrong.stderr, "metrics");
    assert.is((await ask(`${folder}/stripes`, "select 1")).code, 78);
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
    const parts = () =>
      readdirSync(join(run, "tables/metrics/train")).filter((name) => name.startsWith("part-"));
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
