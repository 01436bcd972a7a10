// `npm run test:faults`: breaks the disk, or cuts the power, at every call of a short run, resumes it on a whole disk,
// compares what it left.
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { repository } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { faults } from "./brokenDisk.js";
import { losses, powerCut } from "./powerCut.js";
import { brokenPromises, wholeRun } from "./run.js";

const kinds = [
  ...Object.entries(faults).map(([name, fault]) => ({ name, fault, loss: undefined })),
  ...losses.map((loss) => ({ name: `power cut, ${loss} lost`, fault: powerCut, loss })),
];
const result: Record<string, { runs: number; failed: number; wentOn: number; wrong: number }> = {};
await withFolder(async (folder) => {
  const { pipeline, calls, wanted } = await wholeRun(folder);
  for (const { name, fault, loss } of kinds) {
    const counts = { runs: 0, failed: 0, wentOn: 0, wrong: 0 };
    result[name] = counts;
    for (let at = 1; at <= calls.length + 10; at++) {
      const disk = join(folder, "disk");
      await mkdir(disk);
      const { wrong, failed, ended } = await brokenPromises(pipeline, disk, fault, at, wanted, loss);
      await rm(disk, { recursive: true });
      if (failed.length === 0) break;
      counts.runs += 1;
      counts[ended === "done" ? "wentOn" : "failed"] += 1;
      if (wrong.length === 0) continue;
      counts.wrong += 1;
      process.stdout.write(`${name}, call ${at} (${failed[0]}), ${ended}:\n  ${wrong.join("\n  ")}\n`);
    }
  }
});

const path = join(repository, "bench/results/faults.json");
mkdirSync(join(repository, "bench/results"), { recursive: true });
writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
process.exitCode = Object.values(result).some(({ wrong }) => wrong > 0) ? 1 : 0;
