/** What the tests of a plugin may import from `jacoflow/testing`: running a stage alone, samples, the laws of plugins. */
import type { Plugin } from "./plugins/host/plugin.js";
import { type CheckOptions, checkPlugin as checkBeside, type LawResult } from "./plugins/kit/check.js";
import { builtIns } from "./stages/index.js";

export type { StageTrialFacts } from "./plugins/kit/bench.js";
export type { CheckOptions, LawResult } from "./plugins/kit/check.js";
export type { LawName } from "./plugins/kit/lawName.js";
export { sampleBatches, sampleNetwork } from "./plugins/kit/samples.js";
export { type Batches, runStage, type StageOutcome, type StageTrial } from "./plugins/kit/trial.js";

/**
 * Holds all that a plugin brings to the laws of its kind: stages on small samples of their tables, other things in the
 * built-in stages they are for. What cannot be tried passes none of the laws that run it: it needs a trial. Plugins run
 * with the rights of this process. PLUGIN_EMPTY when it brings nothing, PLUGIN_NAME_TAKEN, PLUGIN_REPLACES_NOTHING and
 * PLUGIN_OTHER_PORTS when it does not fit beside the built-in stages.
 */
export function checkPlugin(plugin: Plugin, options?: CheckOptions): Promise<readonly LawResult[]> {
  return checkBeside(builtIns, plugin, options);
}
