/** What the tests of a plugin may import from `jacoflow/testing`: running a stage alone, samples, the laws of stages. */
export type { StageTrialFacts } from "./plugins/kit/bench.js";
export { type CheckOptions, checkPlugin, type LawResult } from "./plugins/kit/check.js";
export type { LawName } from "./plugins/kit/laws.js";
export { sampleBatches, sampleNetwork } from "./plugins/kit/samples.js";
export { type Batches, runStage, type StageOutcome, type StageTrial } from "./plugins/kit/trial.js";
