// Runs examples/quickstart.yaml with five seeds (or those given) through the built command line and prints the ranges of
// its numbers beside the reference's. Ends with 1 when a range is off.
//   node bench/seeds.mjs [SEED ...] [--flags of jacoflow run]
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { readRunTables } from "../dist/pipeline/cli/runTables.js";
import { compare, reference } from "./reference.mjs";

const repository = dirname(dirname(fileURLToPath(import.meta.url)));
const given = process.argv.slice(2);
const firstFlag = given.findIndex((word) => !/^\d+$/.test(word));
const flags = firstFlag < 0 ? [] : given.slice(firstFlag);
const named = firstFlag < 0 ? given : given.slice(0, firstFlag);
const seeds = named.length === 0 ? ["1", "2", "3", "4", "5"] : named;

const folder = join(
  repository,
  "runs",
  `seeds-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}-${process.pid}`,
);
mkdirSync(folder, { recursive: true });

const runs = [];
for (const seed of seeds) {
  const out = join(folder, seed);
  const start = performance.now();
  const command = ["run", "examples/quickstart.yaml", "--seed", seed, "--out", out, "-q", ...flags];
  const { status, signal } = spawnSync(
    process.execPath,
    [join(repository, "dist/pipeline/cli/main.js"), ...command],
    { cwd: repository, stdio: ["ignore", "ignore", "inherit"] },
  );
  if (status !== 0) {
    process.stderr.write(`the run of seed ${seed} ended with ${signal ?? status}\n`);
    process.exit(status ?? 1);
  }
  runs.push(await readRunTables(out));
  process.stderr.write(`seed ${seed} done after ${((performance.now() - start) / 1000).toFixed(0)} s\n`);
}

const lines = reference.map((line) => {
  const values = runs.map(line.of);
  return { line, values, ...compare(line, values) };
});
/** Three digits, and more where a number is small. */
const text = (value) => String(Number(value.toPrecision(3)));
const cells = [
  ["number", ...seeds.map((seed) => `seed ${seed}`), "range", "reference", "inside", ""],
  ...lines.map(({ line, values, lowest, highest, inside, ok }) => [
    ...[line.name, ...values.map(text), `${text(lowest)}–${text(highest)}`],
    ...[`${line.low}–${line.high}`, `${inside} of ${values.length}`, ok ? "ok" : "off"],
  ]),
];
const widths = cells[0].map((_, at) => Math.max(...cells.map((row) => row[at].length)));
for (const row of cells) {
  const padded = row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at])));
  process.stdout.write(`${padded.join("  ").trimEnd()}\n`);
}
const off = lines.filter(({ ok }) => !ok).length;
process.stdout.write(`\n${lines.length - off} ok, ${off} off; runs in ${relative(process.cwd(), folder)}\n`);
process.exitCode = off === 0 ? 0 : 1;
