// `npm run test:kills -- [kills] [seed] [lanes]`: kills a short run at random moments, resumes it, compares what it left.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { randomSource } from "../../engine/random.js";
import { build, repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import {
  anyMoment,
  countsOf,
  killAndResume,
  killCompaction,
  makeCompacted,
  makeReference,
  momentsOf,
  type Outcome,
} from "./kills.js";

const count = Number(process.argv[2] ?? 200);
const seed = process.argv[3] ?? "kills";
/** Runs at a time. */
const lanes = Number(process.argv[4] ?? 1);

build();
const outcomes: Outcome[] = [];
await withFolder(async (folder) => {
  const reference = await makeReference(folder);
  const compacted = await makeCompacted(reference);
  const random = randomSource(`${seed} second`);
  const compactions = Math.round(count / 10);
  const runs = momentsOf(reference, count - compactions, 4, seed).map((moment, index) => {
    // One in five is killed again while it resumes.
    const moments = index % 5 === 4 ? [moment, anyMoment(reference, random)] : [moment];
    return (name: string) => killAndResume(reference, name, moments);
  });
  const compacting = momentsOf({ ...reference, trace: compacted.trace }, compactions, 2, `${seed} compact`);
  const compactingRuns = compacting.map(
    (moment) => (name: string) => killCompaction(reference, compacted, name, [moment]),
  );
  const trials = [...runs, ...compactingRuns];
  const order = [...random.permutation(trials.length)];
  const lane = async () => {
    for (let next = order.pop(); next !== undefined; next = order.pop()) {
      const name = `run-${next}`;
      note(await trials[next](name));
      rmSync(join(folder, name), { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
});

function note(outcome: Outcome): void {
  outcomes.push(outcome);
  const { phases, differences, wentOn } = outcome;
  const verdict = differences.length === 0 ? "same bytes" : `DIFFERENT: ${differences.join(", ")}`;
  process.stdout.write(
    `${String(outcomes.length).padStart(3)}  ${phases.join(", then ") || "not killed"}: ${verdict}${wentOn ? ", went on" : ""}\n`,
  );
}

const deaths = outcomes.flatMap(({ phases }) => phases);
const byPhase = Object.fromEntries([...countsOf(deaths)].sort());
const failed = outcomes.filter(({ differences }) => differences.length > 0);
const result = {
  ...{ seed, runs: outcomes.length, kills: deaths.length },
  twice: outcomes.filter(({ phases }) => phases.length > 1).length,
  wentOn: outcomes.filter(({ wentOn }) => wentOn).length,
  different: failed.length,
  byPhase,
};
const place = join(repository, "bench/results");
mkdirSync(place, { recursive: true });
writeFileSync(join(place, "kills.json"), `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`\n${"killed during".padEnd(28)} kills\n`);
for (const [phase, kills] of Object.entries(byPhase)) {
  process.stdout.write(`${phase.padEnd(28)} ${String(kills).padStart(5)}\n`);
}
process.stdout.write(
  `\n${result.kills} kills of ${result.runs} runs, ${result.twice} killed twice: ${result.different} differ\n`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
