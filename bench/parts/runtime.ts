import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { composition } from "../../pipeline/cli/compose.js";
import { loadPipeline } from "../../pipeline/file/load.js";
import { runPipeline } from "../../pipeline/run/run.js";
import { runBare } from "../bareRun.js";
import { atMost } from "../bars.js";
import type { Context } from "../context.js";
import { inTurn, median, ratioOf } from "../measure.js";
import { profiled, type TimeByFile } from "../profile.js";

const file = fileURLToPath(new URL("../../examples/quickstart.yaml", import.meta.url));
const memoryLimit = 2e9;

/** Whether a file is the runtime's: what is there whatever the stages do. */
const isRuntime = (path: string) => /^pipeline\/(?!cli\/)/.test(path);

/**
 * What the runtime costs on the quickstart: the share of a run's wall time in which the main thread works in its files, and
 * the whole run against its stages called by hand one after the other.
 */
export async function runtimePart(context: Context): Promise<void> {
  const { stages, createEngine } = composition();
  const text = readFileSync(file, "utf8");
  const pipeline = await loadPipeline({ text, file, stages, engines: ["native"], environment: {} });
  const engine = () => createEngine("native", { threads: context.threads });
  const runFolder = join(context.folder, "run");
  const whole = async () => {
    rmSync(runFolder, { recursive: true, force: true });
    const start = performance.now();
    const { outcome, error } = await runPipeline(pipeline, {
      ...{ createEngine: engine, runFolder, memoryLimit, threads: context.threads },
      versions: { jacoflow: "bench" },
    });
    if (outcome !== "done") throw error ?? new Error(outcome);
    return (performance.now() - start) / 1000;
  };
  const bare = async () => {
    rmSync(runFolder, { recursive: true, force: true });
    const start = performance.now();
    await runBare(pipeline, runFolder, engine, memoryLimit);
    return (performance.now() - start) / 1000;
  };
  await whole();
  await bare();
  const shares: number[] = [];
  let last: TimeByFile = new Map();
  for (let round = 0; round < context.rounds; round += 1) {
    let seconds = 0;
    last = await profiled(async () => {
      seconds = await whole();
    });
    const own = [...last].filter(([path]) => isRuntime(path)).reduce((sum, [, time]) => sum + time, 0);
    shares.push((100 * own) / seconds);
  }
  const files = [...last].sort(([, left], [, right]) => right - left).slice(0, 40);
  context.keep("main thread, seconds by file", Object.fromEntries(files));
  context.report({
    figure: "the runtime's own work on the main thread, of the quickstart's wall time",
    bar: atMost(2),
    measured: median(shares),
    unit: "%",
    note: `by the files on the stack, every 0.2 ms; rounds: ${shares.map((share) => share.toFixed(2)).join(", ")}`,
  });
  const comparison = await inTurn(
    [
      { name: "run", run: whole },
      { name: "stages by hand", run: bare },
    ],
    context,
  );
  context.keep("run against its stages by hand", comparison);
  const [run, hand] = comparison.seconds;
  context.report({
    figure: "the quickstart against its stages called by hand: longer by",
    bar: atMost(2),
    measured: Math.max(0, 100 * (ratioOf(comparison, 0, 1) - 1)),
    unit: "%",
    note: `${run.toFixed(2)} s and ${hand.toFixed(2)} s; a run has edges, log, record and a folder, and stages side by side`,
  });
}
