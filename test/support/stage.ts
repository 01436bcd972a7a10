import { type RecordBatch, Table } from "apache-arrow";
import { from } from "rxjs";
import type { Static, TObject } from "typebox";
import { Check, Default, Errors } from "typebox/value";
import type { Engine } from "../../engine/engine.js";
import type {
  BatchStore,
  InputPort,
  InputPorts,
  InputStream,
  LogLevel,
  OutputPorts,
  OutputsOf,
  Stage,
  StageContext,
  WholeInput,
} from "../../pipeline/stage.js";
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
  readonly signal?: AbortSignal;
  /** Called for every batch sent, before `send` resolves. */
  readonly onSend?: (port: string, batch: RecordBatch) => void | Promise<void>;
}

export interface TrialResult {
  /** Batches sent, by port, in order. */
  readonly batches: Readonly<Record<string, readonly RecordBatch[]>>;
  readonly logs: readonly { readonly level: LogLevel; readonly message: string }[];
  readonly progress: readonly { readonly done: number; readonly total: number; readonly unit: string }[];
  /** What the stage failed with; undefined when it ended well. */
  readonly error: unknown;
}

/** Runs one stage alone and keeps what it sent, even when it fails. Throws when the options are not the stage's. */
export async function runStage(
  stage: Stage<TObject, InputPorts, OutputPorts>,
  trial: Trial,
): Promise<TrialResult> {
  const batches: Record<string, RecordBatch[]> = {};
  const logs: { level: LogLevel; message: string }[] = [];
  const progress: { done: number; total: number; unit: string }[] = [];
  const outputs = Object.fromEntries(
    Object.keys(stage.outputs).map((port) => {
      const sent: RecordBatch[] = [];
      batches[port] = sent;
      const send = async (batch: RecordBatch) => {
        sent.push(batch);
        await trial.onSend?.(port, batch);
      };
      return [
        port,
        {
          send,
          get sent() {
            return sent.length;
          },
        },
      ];
    }),
  ) as OutputsOf<OutputPorts>;
  const inputs = Object.fromEntries(
    Object.entries(stage.inputs).map(([name, port]) => [name, bind(name, port, trial.inputs?.[name])]),
  );
  const context: StageContext<Static<TObject>> = {
    stage: "tested",
    options: fillIn(stage, trial.options ?? {}),
    seed: (purpose) => `${trial.seed ?? "seed"}/tested/${purpose}`,
    signal: trial.signal ?? new AbortController().signal,
    engine: async () => {
      if (trial.engine === undefined) throw new Error("this trial has no engine");
      return trial.engine;
    },
    resolvePath: (path) => resolveIn(trial.folder, path),
    runFolder: trial.folder ?? "/nowhere",
    memoryLimit: trial.memoryLimit ?? 2 ** 31,
    run: { name: "trial", seed: 1, file: {}, stopping: new AbortController().signal },
    store: heldStore,
    log: (level, message) => {
      logs.push({ level, message });
    },
    progress: (done, total, unit) => {
      progress.push({ done, total, unit });
    },
  };
  let error: unknown;
  try {
    await stage.run(inputs as never, outputs, context);
  } catch (thrown) {
    error = thrown;
  }
  return { batches, logs, progress, error };
}

/** Runs a stage that must succeed and returns what it sent. */
export async function sentBy(
  stage: Stage<TObject, InputPorts, OutputPorts>,
  trial: Trial,
): Promise<TrialResult["batches"]> {
  const { batches, error } = await runStage(stage, trial);
  if (error !== undefined) throw error;
  return batches;
}

/** The errors a stage's `checkOptions` and `check` find; empty when there is nothing to find. */
export async function checkStage(
  stage: Stage<TObject, InputPorts, OutputPorts>,
  options: Readonly<Record<string, unknown>>,
  folder?: string,
): Promise<readonly JacoflowError[]> {
  try {
    stage.checkOptions?.({ options: fillIn(stage, options), place: "stages.tested" });
    await stage.check?.({
      options: fillIn(stage, options),
      place: "stages.tested",
      resolvePath: (path) => resolveIn(folder, path),
    });
    return [];
  } catch (error) {
    return error instanceof AggregateError ? error.errors : [error as JacoflowError];
  }
}

/** Whether the options fit the stage's schema, defaults filled in. */
export function acceptsOptions(
  stage: Stage<TObject, InputPorts, OutputPorts>,
  options: Readonly<Record<string, unknown>>,
): boolean {
  return Check(stage.options, Default(stage.options, structuredClone(options)));
}

function fillIn(stage: Stage<TObject, InputPorts, OutputPorts>, options: Readonly<Record<string, unknown>>) {
  const filled = Default(stage.options, structuredClone(options));
  if (!Check(stage.options, filled)) {
    throw new Error(`${stage.name}: ${JSON.stringify(Errors(stage.options, filled))}`);
  }
  return filled as Static<TObject>;
}

function resolveIn(folder: string | undefined, path: string): string {
  return path.startsWith("/") || folder === undefined ? path : `${folder}/${path}`;
}

function bind(name: string, port: InputPort, given: unknown) {
  if (given === undefined) {
    if (port.optional) return port.many ? [] : undefined;
    throw new Error(`port ${name} needs batches`);
  }
  const make = port.delivery === "whole" ? wholeInput : inputStream;
  if (port.many) {
    return (given as readonly (readonly RecordBatch[])[]).map((batches) => make(name, port, batches));
  }
  return make(name, port, given as readonly RecordBatch[]);
}

/** A store that holds its batches. */
function heldStore(): BatchStore {
  const kept: RecordBatch[] = [];
  return {
    append: async (batch) => {
      kept.push(batch);
    },
    get length() {
      return kept.length;
    },
    async *[Symbol.asyncIterator]() {
      yield* kept;
    },
  };
}

const sourceOf = (name: string, port: InputPort) => ({
  stage: `other-${name}`,
  port: "out",
  table: port.table === "any" ? ("metrics" as const) : port.table,
});

function wholeInput(name: string, port: InputPort, batches: readonly RecordBatch[]): WholeInput {
  return { origin: sourceOf(name, port), table: new Table([...batches]) };
}

function inputStream(name: string, port: InputPort, batches: readonly RecordBatch[]): InputStream {
  return Object.assign(from(batches), {
    origin: sourceOf(name, port),
    forEach: async (handle: (batch: RecordBatch) => void | Promise<void>) => {
      for (const batch of batches) await handle(batch);
    },
    async *[Symbol.asyncIterator]() {
      yield* batches;
    },
  }) as unknown as InputStream;
}
