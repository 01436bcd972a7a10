import type { LoadedFile } from "../../file/request.js";
import { planFacts, planText } from "../planText.js";
import type { RunFlags } from "../runCommand.js";
import type { Terminal } from "../terminal.js";
import type { MatrixSettings } from "./runMatrix.js";
import { runsText } from "./runsText.js";
import { shareOf } from "./shard.js";

/** Shows what a share of a matrix would run: all ids, and the plan of the first; as data the plan of each. */
export async function planMatrix(
  file: LoadedFile,
  flags: RunFlags,
  { jobs, shard, memoryLimit }: MatrixSettings,
  terminal: Terminal,
): Promise<number> {
  const runs = shareOf(file.runs, shard);
  if (flags.json === true) {
    const plans = [];
    for (const { id, values, pipeline } of runs) {
      plans.push({ id, values, ...(await planFacts(pipeline, memoryLimit)) });
    }
    terminal.out(`${JSON.stringify({ axes: file.axes, jobs, runs: plans })}\n`);
    return 0;
  }
  terminal.out(runsText({ ...file, runs }));
  const [first] = runs;
  if (first === undefined) return 0;
  terminal.out(`\n${runs.length} runs, ${jobs} at a time. The plan of the first:\n\n`);
  terminal.out(await planText(first.pipeline, memoryLimit));
  return 0;
}
