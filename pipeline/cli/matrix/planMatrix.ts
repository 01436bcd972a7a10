import type { LoadedFile } from "../../file/request.js";
import type { Composition } from "../compose.js";
import { planFacts, planText, runPlanner } from "../planText.js";
import type { RunFlags } from "../runCommand.js";
import type { Terminal } from "../terminal.js";
import type { MatrixSettings } from "./runMatrix.js";
import { runsText } from "./runsText.js";
import { shareOf } from "./shard.js";

/** Shows what a share of a matrix would run: all ids, and the plan of the first; as data the plan of each. */
export async function planMatrix(
  file: LoadedFile,
  flags: RunFlags,
  { jobs, shard, ...limits }: MatrixSettings,
  parts: Composition,
  terminal: Terminal,
): Promise<number> {
  const runs = shareOf(file.runs, shard);
  const plan = runPlanner(parts, limits);
  if (flags.json === true) {
    const plans = [];
    for (const { id, values, pipeline } of runs) {
      plans.push({ id, values, ...planFacts(await plan(pipeline)) });
    }
    terminal.out(`${JSON.stringify({ axes: file.axes, jobs, runs: plans })}\n`);
    return 0;
  }
  terminal.out(runsText({ ...file, runs }));
  const [first] = runs;
  if (first === undefined) return 0;
  terminal.out(`\n${runs.length} runs, ${jobs} at a time. The plan of the first:\n\n`);
  terminal.out(planText(await plan(first.pipeline)));
  return 0;
}
