import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { TableDefinition } from "../../schemas/table.js";
import { predictionsTable } from "../../schemas/tables/examples.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { projection } from "../../schemas/tables/projection.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";
import { type KeptTable, listTables, loadRows } from "../../stages/sinks/parquet/read.js";
import { build, jacoflow, program, repository } from "../support/builtCommandLine.js";
import { blocksOf } from "../support/documents/blocks.js";
import { furnish, tryBlock } from "../support/documents/sandbox.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";

const law = suite("interop");

const python = join(repository, "test/interop/environment/bin/python");
const skipped: string[] = [];

/** A law that needs a program; skipped with the reason where it is not there. */
function lawWith(
  what: string,
  isThere: boolean,
  remedy: string,
  name: string,
  handler: () => Promise<void>,
): void {
  if (isThere) law(name, handler);
  else {
    skipped.push(`${name}: no ${what} (${remedy})`);
    law.skip(name);
  }
}

const withPython = (name: string, handler: () => Promise<void>) =>
  lawWith("Python environment", existsSync(python), "test/interop/setup makes it", name, handler);

/** What a program wrote to stdout; fails with what it said when it fails. */
function run(command: string, words: readonly string[], folder: string, input?: Buffer): string {
  const { status, stdout, stderr, error } = spawnSync(command, words, {
    cwd: folder,
    input,
    encoding: "utf8",
  });
  assert.is(status, 0, `${command} ${words.join(" ")}: ${error?.message ?? ""}${stderr}`);
  return stdout;
}

function rowsBy(reader: string, files: readonly string[]): readonly unknown[] {
  const text = run(python, [join(repository, "test/interop/rows.py"), reader, ...files], repository);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
}

/** Our rows, with the texts of rows.py where JSON has no number. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
  }
  return value;
}

law.before(build);

const definitions = [
  metrics,
  spectrum,
  projection,
  basis,
  predictionsTable(3),
] as unknown as readonly TableDefinition[];

/** A run with every compression that is here, and its tables. */
function withRun(use: (tables: readonly KeptTable[]) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      parquet:
        "{ uses: sink/parquet, from: [train.metrics, svd.spectrum, svd.basis, svd.predictions, project.projection], with: { rowsPerPart: 20, compression: gzip } }",
    });
    const out = join(folder, "run");
    const { code, stderr } = await jacoflow(["run", file, "--out", out, "-q"]);
    assert.is(code, 0, stderr);
    await use(await listTables(out));
  });
}

for (const reader of ["pyarrow", "polars", "pandas"]) {
  withPython(`${reader} reads every Parquet part as we do`, () =>
    withRun(async (tables) => {
      const inParquet = tables.filter(({ format }) => format === "parquet");
      assert.ok(inParquet.length >= 3 && inParquet.some(({ files }) => files.length > 1));
      for (const kept of inParquet) {
        const definition = definitions.find(({ name }) => name === kept.table)!;
        assert.equal(rowsBy(reader, kept.files), plain(await loadRows(definition, kept)), kept.table);
      }
    }),
  );
}

withPython("pyarrow reads the Arrow files of a basis as we do", () =>
  withRun(async (tables) => {
    const kept = tables.find(({ format }) => format === "arrow")!;
    const ours = plain(await loadRows(basis as unknown as TableDefinition, kept));
    assert.equal(rowsBy("arrow", kept.files), ours);
  }),
);

withPython(
  "pyarrow, polars and DuckDB's order of statistics: a filter on any step finds its rows alone",
  () =>
    withRun(async (tables) => {
      const kept = tables.find(({ table }) => table === "metrics")!;
      const rows = await loadRows(metrics, kept);
      const code = `
import sys, pyarrow.dataset as d, pyarrow.compute as c, polars
for step in ${JSON.stringify([...new Set(rows.map(({ step }) => step))])}:
    print(d.dataset(sys.argv[1:]).to_table(filter=c.field("step") == step).num_rows,
          polars.scan_parquet(sys.argv[1:]).filter(polars.col("step") == step).collect().height)
`;
      const counts = run(python, ["-c", code, ...kept.files], repository)
        .trimEnd()
        .split("\n");
      const wanted = [...new Set(rows.map(({ step }) => step))].map((step) => {
        const count = rows.filter((row) => row.step === step).length;
        return `${count} ${count}`;
      });
      assert.equal(counts, wanted);
    }),
);

withPython("run --stream - feeds examples/consumer.py while it goes on", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder);
    const words = [program, "run", file, "--out", join(folder, "run"), "-q", "--stream", "-"];
    const sender = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
    const consumer = spawn(python, [join(repository, "examples/consumer.py")], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => sender.on("close", resolve));
    sender.stdout.pipe(consumer.stdin);
    let said = "";
    for await (const text of consumer.stdout.setEncoding("utf8")) said += text;
    assert.is(await ended, 0);
    assert.match(said, /^epoch 0: test error \d/);
    assert.match(said, /smallest: \d\.\d{3} at epoch \d/);
  }),
);

withPython("pyarrow reads a stream over HTTP to its end", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      live: "{ uses: sink/arrow, from: train.metrics, with: { http: 0 } }",
    });
    const out = join(folder, "run");
    const words = [program, "run", file, "--out", out, "-v"];
    const sender = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
    const ended = new Promise((resolve) => sender.on("close", resolve));
    let said = "";
    let received: Promise<Buffer> | undefined;
    for await (const text of sender.stderr.setEncoding("utf8")) {
      said += text;
      const url = /arrow streams: (http:\S+\/)/.exec(said)?.[1];
      if (url === undefined) continue;
      received ??= fetch(`${url}metrics/train`).then(async (response) =>
        Buffer.from(await response.arrayBuffer()),
      );
    }
    assert.is(await ended, 0, said);
    const [kept] = (await listTables(out)).filter(({ table }) => table === "metrics");
    const stream = join(folder, "received.arrows");
    writeFileSync(stream, await received!);
    const rows = rowsBy("http", [`file://${stream}`]);
    assert.equal(rows, plain(await loadRows(metrics, kept)));
  }),
);

const document = "docs/downstream.md";
const { blocks } = blocksOf(document, readFileSync(join(repository, document), "utf8"));
const hasR = spawnSync("Rscript", ["-e", "library(arrow); library(dplyr)"]).status === 0;

/** Runs the blocks of the document up to the run it makes, then those of one language. */
function runBlocks(language: string, command: string, flag: string): Promise<void> {
  return withFolder(async (folder) => {
    furnish(folder);
    const first = blocks.findIndex((block) => block.language === "sh");
    for (const block of blocks.slice(0, first + 1)) await tryBlock(block, folder);
    const own = blocks.filter((block) => block.language === language && block.reason === undefined);
    assert.ok(own.length > 0);
    for (const { text, line } of own)
      assert.not.equal(run(command, [flag, text], folder), "", `${document}:${line}`);
  });
}

withPython(`every Python block of ${document} runs and prints something`, () =>
  runBlocks("python", python, "-c"),
);
/** A block of the document that `npm test` leaves out, by words in it. */
function blockWith(words: string): string {
  const found = blocks.filter(({ text }) => text.includes(words));
  assert.is(found.length, 1, words);
  return found[0].text;
}

/** Lets `use` run where the document's own pipeline is, `python` ours and `npx` what is installed. */
function furnished(use: (folder: string, environment: NodeJS.ProcessEnv) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    furnish(folder);
    for (const block of blocks)
      if (block.file !== undefined) writeFileSync(join(folder, block.file), block.text);
    await use(folder, { ...process.env, PATH: `${dirname(python)}:${process.env.PATH}` });
  });
}

withPython(`the pipes of ${document} run as they are written`, () =>
  furnished(async (folder, env) => {
    const commands = `set -euo pipefail\nnpx() { node_modules/.bin/"$@"; }\n${blockWith("--stream -")}`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", commands], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    assert.is(status, 0, stderr);
    assert.match(stdout, /smallest: \d\.\d{3} at epoch \d/);
    assert.match(stdout, /^\d+$/m);
  }),
);

withPython(`the reader over HTTP of ${document} runs as it is written`, () =>
  furnished(async (folder, env) => {
    const live = "stages.live={ uses: sink/arrow, from: train.metrics, with: { http: 4190 } }";
    const words = [program, "run", "downstream.yaml", "--out", "run", "-v", "--set", live];
    const sender = spawn(process.execPath, words, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    const ended = new Promise((resolve) => sender.on("close", resolve));
    let said = "";
    let reader: ReturnType<typeof spawn> | undefined;
    let printed = "";
    for await (const text of sender.stderr.setEncoding("utf8")) {
      said += text;
      if (!said.includes("arrow streams: ") || reader !== undefined) continue;
      reader = spawn(python, ["-c", blockWith("4190/metrics/train")], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      reader.stdout!.setEncoding("utf8").on("data", (line: string) => {
        printed += line;
      });
    }
    assert.is(await ended, 0, said);
    await new Promise((resolve) =>
      reader!.exitCode === null ? reader!.on("close", resolve) : resolve(undefined),
    );
    const counted = printed
      .trim()
      .split("\n")
      .reduce((sum, line) => sum + Number(line), 0);
    const kept = (await listTables(join(folder, "run"))).find(({ table }) => table === "metrics")!;
    assert.is(counted, (await loadRows(metrics, kept)).length);
  }),
);

lawWith("R with arrow and dplyr", hasR, "install.packages", `every R block of ${document} runs`, () =>
  runBlocks("r", "Rscript", "-e"),
);

law.after(() => {
  for (const reason of skipped) process.stdout.write(`skipped: ${reason}\n`);
});

law.run();
