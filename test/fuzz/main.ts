// Reads millions of damaged files with everything of the house that reads: `npm run fuzz -- --tries 100000`.
// `--seconds S` bounds each reader's time, `--seed TEXT` makes other tries, words choose readers by how their names begin;
// `--keep` puts what became of these readers into bench/results/fuzz.json.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Tally } from "./fuzzing.js";
import { readers } from "./readers.js";
import { tallyTable } from "./table.js";
import { watchReader } from "./watch.js";

interface Kept extends Tally {
  readonly seed: string;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tries: { type: "string", default: "100000" },
    seconds: { type: "string", default: "3600" },
    seed: { type: "string", default: "1" },
    keep: { type: "boolean", default: false },
  },
});
const wanted = readers.filter(
  ({ name }) =>
    positionals.length === 0 || positionals.some((word) => name.toLowerCase().startsWith(word.toLowerCase())),
);
const tallies: Tally[] = [];
for (const { name } of wanted) {
  const start = performance.now();
  const tally = await watchReader({
    reader: name,
    seed: values.seed,
    tries: Number(values.tries),
    seconds: Number(values.seconds),
  });
  tallies.push(tally);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  process.stderr.write(`${name}: ${tally.tries} tries in ${seconds} s, ${tally.findings} findings\n`);
  for (const { number, finding } of tally.kinds) process.stderr.write(`  try ${number}: ${finding}\n`);
}
process.stdout.write(`${tallyTable(tallies)}\n`);
if (values.keep) {
  const file = new URL("../../bench/results/fuzz.json", import.meta.url);
  const known: readonly Kept[] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const made = tallies.map((tally): Kept => ({ seed: values.seed, ...tally }));
  const all = readers.flatMap(({ name }) => [...made, ...known].find(({ reader }) => reader === name) ?? []);
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}
process.exitCode = tallies.some(({ findings }) => findings > 0) ? 1 : 0;
