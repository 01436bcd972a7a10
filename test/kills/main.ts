// `npm run test:kills -- [kills] [seed]`: kills a short run at random moments, resumes it, compares what it left.
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
  makeReference,
  momentsOf,
  type Outcome,
} from "./kills.js";

const count = Number(process.argv[2] ?? 200);
const seed = process.argv[3] ?? "kills";

build();
const outcomes: Outcome[] = [];
await withFolder(async (folder) => {
  const reference = await makeReference(folder);
  const random = randomSource(`${seed} second`);
  const compactions = Math.round(count / 10);
  const moments = momentsOf(reference, count - compactions, 4, seed);
  for (const [index, moment] of moments.entries()) {
    // One in five is killed again while it resumes.
    const again = index % 5 === 4 ? [anyMoment(reference, random)] : [];
    const name = `run-${index}`;
    note(await killAndResume(reference, name, [moment, ...again]), index);
    rmSync(join(folder, name), { recursive: true, force: true });
  }
  for (let index = 0; index < compactions; index += 1) {
    const name = `compact-${index}`;
    const moment = { phase: "any", occurrence: 1 + random.integer(60) };
    note(await killCompaction(reference, name, [moment]), moments.length + index);
    rmSync(join(folder, name), { recursive: true, force: true });
  }
});

function note(outcome: Outcome, index: number): void {
  outcomes.push(outcome);
  const { phases, differences, wentOn } = outcome;
  const verdict = differences.length === 0 ? "same bytes" : `DIFFERENT: ${differences.join(", ")}`;
  process.stdout.write(
    `${String(index + 1).padStart(3)}  ${phases.join(", then ") || "not killed"}: ${verdict}${wentOn ? ", went on" : ""}\n`,
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
