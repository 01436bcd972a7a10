import type { Engine } from "../../engine/engine.js";
import { createEngine } from "../../engine/engines.js";
import type { Plugin } from "../host/plugin.js";
import { makeBench, type StageTrialFacts } from "./bench.js";
import { type LawName, laws } from "./laws.js";
import type { AnyStage } from "./trial.js";

/** How plugins are tried. */
export interface CheckOptions {
  /** How to try a stage that the samples and the examples of its options do not fit, by its name. */
  readonly trials?: Readonly<Record<string, StageTrialFacts>>;
  /** What a stage may take for one trial. Default 10. */
  readonly seconds?: number;
}

/** What one law found of one stage. */
export interface LawResult {
  readonly stage: string;
  readonly law: LawName;
  readonly passed: boolean;
  /** What is wrong; undefined when nothing is. */
  readonly reason: string | undefined;
}

/**
 * Holds every stage of a plugin to the laws of stages, on small samples of its tables. A stage that cannot be tried
 * passes none of the laws that run it: it needs a trial. Stages run with the rights of this process.
 */
export async function checkPlugin(plugin: Plugin, options: CheckOptions = {}): Promise<readonly LawResult[]> {
  let engine: Promise<Engine> | undefined;
  const shared = () => {
    engine ??= createEngine();
    return engine;
  };
  try {
    const results: LawResult[] = [];
    for (const stage of (plugin.stages ?? []) as readonly AnyStage[]) {
      results.push(...(await checkStageLaws(stage, shared, options)));
    }
    return results;
  } finally {
    await (await engine)?.close();
  }
}

async function checkStageLaws(
  stage: AnyStage,
  engine: () => Promise<Engine>,
  { trials = {}, seconds = 10 }: CheckOptions,
): Promise<readonly LawResult[]> {
  const bench = await makeBench(stage, trials[stage.name] ?? {}, engine, seconds);
  const results: LawResult[] = [];
  try {
    for (const [law, find] of Object.entries(laws)) {
      const reason = await find(bench).catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      );
      results.push({ stage: stage.name, law: law as LawName, passed: reason === undefined, reason });
    }
  } finally {
    await bench.close();
  }
  return results;
}
