import { join, resolve } from "node:path";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import type { BatchStore, Engine, StageContext } from "../stage.js";
import { runFiles } from "./folder.js";
import type { RunRequest } from "./outcome.js";
import { stageSeed } from "./seed.js";
import type { Teller } from "./teller.js";

/** What a run lends its stages. */
export interface RunParts {
  readonly pipeline: ResolvedPipeline;
  readonly request: RunRequest;
  readonly teller: Teller;
  /** Aborts when the run ends early, for sinks too. */
  readonly stopping: AbortSignal;
  readonly startEngine: () => Promise<Engine>;
  /** `name` is unique in the run. */
  readonly makeStore: (name: string) => BatchStore;
}

/** What the runtime gives one running stage. Its options' type is the declaration's affair. */
export function stageContext(stage: ResolvedStage, signal: AbortSignal, run: RunParts): StageContext<never> {
  const { name } = stage;
  const { pipeline, request, teller, stopping } = run;
  const stores = new Map<string, BatchStore>();
  return {
    stage: name,
    options: stage.options as never,
    seed: (purpose) => stageSeed(pipeline.seed, name, purpose),
    signal,
    engine: run.startEngine,
    resolvePath: (path) => resolve(pipeline.folder, path),
    runFolder: request.runFolder,
    checkpointFolder: join(request.runFolder, runFiles.checkpoints, name),
    memoryLimit: request.memoryLimit,
    run: { name: pipeline.name, seed: pipeline.seed, file: pipeline.document, stopping },
    store: (purpose) => {
      // Numbered: a purpose may be any text, the name becomes one of files.
      const store = stores.get(purpose) ?? run.makeStore(`${name}-${stores.size}`);
      stores.set(purpose, store);
      return store;
    },
    log: (level, message, facts) => teller.say(level, message, facts ?? {}, name),
    progress: (done, total, unit, phase) =>
      teller.notify({
        ...{ kind: "stage-progress", stage: name, seconds: teller.seconds, done, total, unit },
        ...(phase === undefined ? {} : { phase }),
      }),
  };
}
