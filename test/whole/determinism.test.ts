import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { build, jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { partsOf, query, tableHashes } from "../support/tables.js";

/**
 * The golden run: the small pipeline, its tables kept as hashes where the bytes depend on no compiled kernel, and for some
 * instruction sets and compilers where they do; its numbers for every other engine. Kept in goldenRun.json; with JACOFLOW_KEEP_GOLDEN=1 the
 * file is written anew (a reviewer has to say why it changed).
 */
interface GoldenRun {
  readonly withoutKernels: Readonly<Record<string, string>>;
  readonly byKernel: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
}

const law = suite("determinism");
law.before(build);

const place = new URL("goldenRun.json", import.meta.url);
const keeping = process.env.JACOFLOW_KEEP_GOLDEN === "1";
const golden: GoldenRun = existsSync(place)
  ? JSON.parse(readFileSync(place, "utf8"))
  : { withoutKernels: {}, byKernel: {}, numbers: {} };

const keep = (changes: Partial<GoldenRun>) => {
  Object.assign(golden, changes);
  writeFileSync(place, `${JSON.stringify(golden, null, 2)}\n`);
};

/** What is compared of a table, in an order of its own. */
const compared: Readonly<Record<string, string>> = {
  "metrics train": "name || ' ' || split || ' ' || step as key, value",
  "spectrum svd": "split || ' ' || jacobian_step || ' ' || index as key, singular_value as value",
  "projection project":
    "split || ' ' || step || ' ' || jacobian_step || ' ' || target || ' ' || rank as key, information_ratio as value",
};

interface Left {
  readonly hashes: Readonly<Record<string, string>>;
  readonly numbers: Readonly<Record<string, readonly number[]>>;
  readonly instructions: string | undefined;
}

function runOf(changes: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<Left> {
  return withFolder(async (folder) => {
    const run = join(folder, "run");
    const file = writeSmallPipeline(folder, changes);
    const { code, stderr } = await jacoflow(["run", file, "--out", run, "-q", ...flags]);
    assert.is(code, 0, stderr);
    const numbers: Record<string, readonly number[]> = {};
    for (const [name, columns] of Object.entries(compared)) {
      const [table, stage] = name.split(" ");
      const rows = await query(`select ${columns} from ${partsOf(run, table, stage)} order by key`);
      // A target without energy has no ratio.
      numbers[name] = rows.map(({ value }) => Number(value)).filter(Number.isFinite);
    }
    const { engine } = JSON.parse(readFileSync(join(run, "run.json"), "utf8"));
    return { hashes: tableHashes(run), numbers, instructions: engine.versions.instructions };
  });
}

/** The largest difference over the largest number of the same table; 0 for tables without rows. */
function apart(found: Left["numbers"], wanted: Left["numbers"]): number {
  const differences = Object.entries(wanted).flatMap(([name, values]) => {
    assert.is(found[name].length, values.length, name);
    const largest = Math.max(...values.map(Math.abs));
    return values.map((value, at) => Math.abs(found[name][at] - value) / largest);
  });
  return Math.max(0, ...differences);
}

let native: Left;
law.before(async () => {
  native = await runOf({}, "--engine", "native", "--threads", "1");
  if (keeping) keep({ numbers: native.numbers });
});

law(
  "examples, noisy labels and initial parameters have the bytes they had when this was written",
  async () => {
    const only = { inputs: "{ uses: sink/parquet, from: [data, noise, network] }" };
    const { hashes } = await runOf(only, "--engine", "native", "--threads", "1");
    const inputs = Object.entries(hashes).filter(([path]) => /^(examples|parameters)\//.test(path));
    assert.is(inputs.length, 3);
    if (keeping) keep({ withoutKernels: Object.fromEntries(inputs) });
    assert.equal(Object.fromEntries(inputs), golden.withoutKernels);
  },
);

law("every table has the bytes it had, with the same instructions from the same compiler", () => {
  const { instructions = "", hashes } = native;
  const status = new URL("../../engine/native/build/status.json", import.meta.url);
  const kernel = `${instructions}, ${JSON.parse(readFileSync(status, "utf8")).compiler}`;
  if (keeping) keep({ byKernel: { ...golden.byKernel, [kernel]: hashes } });
  const wanted = golden.byKernel[kernel];
  if (wanted === undefined) {
    process.stdout.write(`no hashes are kept for ${kernel}\n`);
    return;
  }
  assert.equal(hashes, wanted);
});

for (const [engine, threads, tolerance] of [
  ["native", 1, 1e-5],
  ["native", 3, 1e-5],
  ["wasm", 1, 1e-5],
  ["cpu", 1, 1e-5],
] as const) {
  law(
    `${engine} with ${threads} threads gives the golden numbers to ${tolerance} of the largest`,
    async () => {
      const found =
        engine === "native" && threads === 1
          ? native
          : await runOf({}, "--engine", engine, "--threads", String(threads));
      const difference = apart(found.numbers, golden.numbers);
      assert.ok(difference <= tolerance, `apart by ${difference}`);
      if (process.env.JACOFLOW_TELL) process.stdout.write(`${engine} ${threads}: ${difference}\n`);
    },
  );
}

law("a page that watches, and a sink of every kind, change no byte of the other tables", async () => {
  const { hashes } = await runOf(
    {
      ndjson: "{ uses: sink/ndjson, from: [train.metrics, svd.spectrum, project] }",
      arrow: "{ uses: sink/arrow, from: [train.snapshots, svd.basis] }",
      console: "{ uses: sink/console, from: [train.metrics] }",
      report: "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }",
    },
    ...["--engine", "native", "--threads", "1", "--serve=0"],
  );
  for (const [path, hash] of Object.entries(native.hashes)) assert.is(hashes[path], hash, path);
});

law.run();
