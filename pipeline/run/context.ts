import { join, resolve } from "node:path";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { ResolvedPipeline, ResolvedStage } from "../graph/resolved.js";
import type { BatchStore, Engine, Journal, JournalRequest, StageContext } from "../stage.js";
import { runFiles } from "./folder.js";
import { openJournal } from "./journal.js";
import type { RunRequest } from "./outcome.js";
import type { Output } from "./output.js";
import { stageSeed } from "./seed.js";
import type { Teller } from "./teller.js";

/** What a run lends its stages. */
export interface RunParts {
  readonly pipeline: ResolvedPipeline;
  readonly request: RunRequest;
  readonly teller: Teller;
  /** Aborts when the run ends early, for sinks too. */
  readonly stopping: AbortSignal;
  /** Bytes the stage may hold. */
  readonly memoryLimit: number;
  readonly startEngine: () => Promise<Engine>;
  /** `name` is unique in the run. */
  readonly makeStore: (name: string) => BatchStore;
}

/** Refuses a second journal, and one that would not know all that was sent. */
function onceOnly(
  stage: string,
  outputs: Readonly<Record<string, Output>>,
  open: (request: JournalRequest) => Promise<Journal>,
): (request: JournalRequest) => Promise<Journal> {
  let asked = false;
  return (request) => {
    const late = asked || Object.values(outputs).some(({ sent }) => sent > 0);
    asked = true;
    return late ? Promise.reject(runErrors.journalTooLate(stage)) : open(request);
  };
}

/** What the runtime gives one running stage. Its options' type is the declaration's affair. */
export function stageContext(
  stage: ResolvedStage,
  outputs: Readonly<Record<string, Output>>,
  signal: AbortSignal,
  run: RunParts,
): StageContext<never> {
  const { name } = stage;
  const { pipeline, request, teller, stopping } = run;
  const stores = new Map<string, BatchStore>();
  const checkpointFolder = join(request.runFolder, runFiles.checkpoints, name);
  const log: StageContext<never>["log"] = (level, message, facts) =>
    teller.say(level, message, facts ?? {}, name);
  return {
    stage: name,
    options: stage.options as never,
    seed: (purpose) => stageSeed(pipeline.seed, name, purpose),
    signal,
    engine: run.startEngine,
    resolvePath: (path) => resolve(pipeline.folder, path),
    runFolder: request.runFolder,
    checkpointFolder,
    journal: onceOnly(name, outputs, (asked) =>
      openJournal({ ...asked, folder: join(checkpointFolder, "journal"), signal: stopping, log }, outputs),
    ),
    memoryLimit: run.memoryLimit,
    run: { name: pipeline.name, seed: pipeline.seed, file: pipeline.document, stopping },
    store: (purpose) => {
      // Numbered: a purpose may be any text, the name becomes one of files.
      const store = stores.get(purpose) ?? run.makeStore(`${name}-${stores.size}`);
      stores.set(purpose, store);
      return store;
    },
    log,
    progress: (done, total, unit, phase) =>
      teller.notify({
        ...{ kind: "stage-progress", stage: name, seconds: teller.seconds, done, total, unit },
        ...(phase === undefined ? {} : { phase }),
      }),
  };
}
