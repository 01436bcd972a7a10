import type { RecordBatch } from "apache-arrow";
import { Check, Default } from "typebox/value";
import type { Engine } from "../../engine/engine.js";
import type { InputPorts } from "../../pipeline/stage.js";
import {
  type AnyStage,
  optionsOf,
  runStage as runAlone,
  type StageOutcome,
} from "../../plugins/kit/trial.js";
import type { JacoflowError } from "../../schemas/errors/error.js";

/** What a stage under test is given. */
export interface Trial {
  /** As in a pipeline file: defaults are filled in. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Batches a port reads; several lists for a `many` port. An optional port may be left out. */
  readonly inputs?: Readonly<Record<string, readonly RecordBatch[] | readonly (readonly RecordBatch[])[]>>;
  readonly seed?: string;
  readonly engine?: Engine;
  /** Bytes; 2 GiB when it is not said. */
  readonly memoryLimit?: number;
  /** Folder of the pipeline file. */
  readonly folder?: string;
  readonly runFolder?: string;
  readonly signal?: AbortSignal;
  /** Called for every batch sent, before `send` resolves. */
  readonly onSend?: (port: string, batch: RecordBatch) => void | Promise<void>;
}

export type TrialResult = Omit<StageOutcome, "delivered">;

/** Runs one stage alone and keeps what it sent, even when it fails. Rejects when the options are not the stage's. */
export function runStage(
  stage: AnyStage,
  { inputs = {}, engine, folder, ...trial }: Trial,
): Promise<TrialResult> {
  const offers = Object.entries(inputs).map(([name, given]) => {
    const { many } = (stage.inputs as InputPorts)[name];
    return [name, many ? (given as readonly (readonly RecordBatch[])[]) : [given as readonly RecordBatch[]]];
  });
  return runAlone(stage, {
    ...trial,
    inputs: Object.fromEntries(offers),
    ...(engine === undefined ? {} : { engine: async () => engine }),
    ...(folder === undefined ? {} : { folder }),
  });
}

/** Runs a stage that must succeed and returns what it sent. */
export async function sentBy(stage: AnyStage, trial: Trial): Promise<TrialResult["batches"]> {
  const { batches, error } = await runStage(stage, trial);
  if (error !== undefined) throw error;
  return batches;
}

/** The errors a stage's `checkOptions` and `check` find; empty when there is nothing to find. */
export async function checkStage(
  stage: AnyStage,
  options: Readonly<Record<string, unknown>>,
  folder?: string,
): Promise<readonly JacoflowError[]> {
  try {
    stage.checkOptions?.({ options: optionsOf(stage, options), place: "stages.tested" });
    await stage.check?.({
      options: optionsOf(stage, options),
      place: "stages.tested",
      resolvePath: (path) => resolveIn(folder, path),
    });
    return [];
  } catch (error) {
    return error instanceof AggregateError ? error.errors : [error as JacoflowError];
  }
}

/** Whether the options fit the stage's schema, defaults filled in. */
export function acceptsOptions(stage: AnyStage, options: Readonly<Record<string, unknown>>): boolean {
  return Check(stage.options, Default(stage.options, structuredClone(options)));
}

function resolveIn(folder: string | undefined, path: string): string {
  return path.startsWith("/") || folder === undefined ? path : `${folder}/${path}`;
}
