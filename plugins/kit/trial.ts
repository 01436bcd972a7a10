import { type RecordBatch, Table } from "apache-arrow";
import type { TObject } from "typebox";
import { Check, Default, Errors } from "typebox/value";
import type { Engine } from "../../engine/engine.js";
import { Breather } from "../../pipeline/run/breather.js";
import { Edge } from "../../pipeline/run/edge.js";
import { Input } from "../../pipeline/run/input.js";
import { openJournal } from "../../pipeline/run/journal.js";
import {
  type BatchStore,
  type InputPort,
  type InputPorts,
  type LogLevel,
  noJournal,
  type OutputPorts,
  type Stage,
  type StageContext,
} from "../../pipeline/stage.js";
import { trialErrors } from "../../schemas/errors/trial.js";

// biome-ignore lint/suspicious/noExplicitAny: stages of all options and ports
export type AnyStage = Stage<any, any, any>;

/** What one offer of an input sends; a generator may wait between batches, or fail. */
export type Batches = Iterable<RecordBatch> | AsyncIterable<RecordBatch>;

/** What a stage that runs alone is given. */
export interface StageTrial {
  /** As in a pipeline file: defaults are filled in. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** By port, one entry an offer: several for a `many` port only. An optional port may be left out. */
  readonly inputs?: Readonly<Record<string, readonly Batches[]>>;
  readonly seed?: string;
  readonly engine?: () => Promise<Engine>;
  /** Bytes; 2 GiB when it is not said. */
  readonly memoryLimit?: number;
  /** Folder of the pipeline file: relative paths of options start there. Default: the current one. */
  readonly folder?: string;
  /** Where a sink writes, and where a journal is kept: without it there is none. Default for sinks: `folder`. */
  readonly runFolder?: string;
  readonly signal?: AbortSignal;
  /** Batches an edge into the stage holds at most. Default 8. */
  readonly capacity?: number;
  /** Called for every batch sent; `send` resolves when it has, and rejects when it does. */
  readonly onSend?: (port: string, batch: RecordBatch) => void | Promise<void>;
}

/** How a stage that ran alone ended. */
export interface StageOutcome {
  /** Batches sent, by port, in order. */
  readonly batches: Readonly<Record<string, readonly RecordBatch[]>>;
  /** Batches handed to the stage, by port and offer; all there were when it lost none. */
  readonly delivered: Readonly<Record<string, readonly number[]>>;
  readonly logs: readonly { readonly level: LogLevel; readonly message: string }[];
  readonly progress: readonly { readonly done: number; readonly total: number; readonly unit: string }[];
  /** What the stage failed with; undefined when it ended well. */
  readonly error: unknown;
}

/**
 * Runs one stage alone, on the edges of a real run, and keeps what it sent, even when it fails. Rejects with
 * TRIAL_OPTIONS when the options are not the stage's, TRIAL_INPUT when a port has nothing to read.
 */
export async function runStage(stage: AnyStage, trial: StageTrial = {}): Promise<StageOutcome> {
  const { inputs: ports, outputs: offers } = stage as Stage<TObject, InputPorts, OutputPorts>;
  const batches: Record<string, RecordBatch[]> = {};
  const logs: { level: LogLevel; message: string }[] = [];
  const progress: { done: number; total: number; unit: string }[] = [];
  const edges: Record<string, Edge[]> = {};
  let fail: (error: unknown) => void = () => undefined;
  const uncaught = new Promise<never>((_, reject) => {
    fail = reject;
  });
  uncaught.catch(() => undefined);

  const inputs: Record<string, unknown> = {};
  for (const [name, port] of Object.entries(ports)) {
    const given = trial.inputs?.[name] ?? [];
    if (given.length === 0 && !port.optional && !port.many) throw trialErrors.noInput(stage.name, name);
    const made: unknown[] = [];
    for (const [at, source] of given.entries()) {
      if (port.delivery === "whole") {
        made.push({ origin: originOf(name, at, port, "whole"), table: new Table(await all(source)) });
        continue;
      }
      const origin = originOf(name, at, port, "edge");
      const edge = new Edge(
        {
          from: { stage: origin.stage, port: origin.port },
          to: { stage: "tried", port: name },
          table: origin.table,
          delivery: "stream",
          capacity: trial.capacity ?? 8,
          policy: "block",
        },
        new Breather(),
      );
      edges[name] = [...(edges[name] ?? []), edge];
      made.push(new Input(edge, fail));
      void feed(edge, source);
    }
    inputs[name] = port.many ? made : made[0];
  }

  const outputs = Object.fromEntries(
    Object.keys(offers).map((port) => {
      const sent: RecordBatch[] = [];
      batches[port] = sent;
      const send = async (batch: RecordBatch) => {
        // Not by instanceof: a plugin may have an Arrow of its own.
        if (batch?.schema?.fields === undefined || batch.data === undefined) {
          throw trialErrors.noBatch(stage.name, port, batch);
        }
        sent.push(batch);
        await trial.onSend?.(port, batch);
      };
      return [port, triedOutput(send, sent)];
    }),
  );
  const signal = trial.signal ?? new AbortController().signal;
  const folder = trial.folder ?? process.cwd();
  const log = (level: LogLevel, message: string) => {
    logs.push({ level, message });
  };
  const context: StageContext<Readonly<Record<string, unknown>>> = {
    stage: "tried",
    options: optionsOf(stage, trial.options ?? {}),
    seed: (purpose) => `${trial.seed ?? "seed"}/tried/${purpose}`,
    signal,
    engine: () =>
      trial.engine === undefined ? Promise.reject(trialErrors.noEngine(stage.name)) : trial.engine(),
    resolvePath: (path) => (path.startsWith("/") ? path : `${folder}/${path}`),
    runFolder: trial.runFolder ?? folder,
    checkpointFolder: `${trial.runFolder ?? folder}/checkpoints/tried`,
    journal: async (asked) => {
      const { runFolder } = trial;
      if (runFolder === undefined) return noJournal;
      const journalFolder = `${runFolder}/checkpoints/tried/journal`;
      return openJournal({ ...asked, folder: journalFolder, signal, log }, outputs);
    },
    memoryLimit: trial.memoryLimit ?? 2 ** 31,
    run: { name: "trial", seed: 1, file: {}, stopping: signal },
    store: heldStore,
    log,
    progress: (done, total, unit) => {
      progress.push({ done, total, unit });
    },
  };
  let error: unknown;
  try {
    const declared = [
      onlyDeclared(stage.name, "input", inputs),
      onlyDeclared(stage.name, "output", outputs),
    ] as const;
    await Promise.race([stage.run(declared[0] as never, declared[1], context), uncaught]);
  } catch (thrown) {
    error = thrown ?? trialErrors.threwNothing(stage.name);
  }
  const delivered = Object.fromEntries(
    Object.entries(edges).map(([port, all]) => [port, all.map(({ statistics }) => statistics.delivered)]),
  );
  return { batches, delivered, logs, progress, error };
}

/** An output as a stage and its journal see it. */
function triedOutput(keep: (batch: RecordBatch) => Promise<void>, sent: readonly RecordBatch[]) {
  let record: ((batch: RecordBatch) => Promise<void> | undefined) | undefined;
  return {
    send: async (batch: RecordBatch) => {
      await keep(batch);
      await record?.(batch);
    },
    get sent() {
      return sent.length;
    },
    recordTo: (hears: typeof record) => {
      record = hears;
    },
  };
}

/** The ports of one side, of which none but the declared ones can be asked for. */
function onlyDeclared<Port>(
  stage: string,
  side: "input" | "output",
  ports: Readonly<Record<string, Port>>,
): Readonly<Record<string, Port>> {
  const get = (_: object, port: string | symbol) => {
    if (typeof port === "string" && !(port in ports)) {
      throw trialErrors.noPort(stage, side, port, Object.keys(ports));
    }
    return ports[port as string];
  };
  return new Proxy<Readonly<Record<string, Port>>>(ports, { get });
}

/** The options a stage gets for those of a file: TRIAL_OPTIONS when they are not its own. */
export function optionsOf(stage: AnyStage, given: Readonly<Record<string, unknown>>) {
  const { variants } = stage;
  const schema = variants?.schemas.get(String(given[variants.option])) ?? stage.options;
  const filled = Default(schema, structuredClone(given));
  if (!Check(schema, filled)) {
    const [first] = Errors(schema, filled) as {
      readonly instancePath: string;
      readonly message: string;
    }[];
    throw trialErrors.options(stage.name, given, `${first.instancePath} ${first.message}`.trim());
  }
  return filled as Readonly<Record<string, unknown>>;
}

async function feed(edge: Edge, source: Batches): Promise<void> {
  try {
    for await (const batch of source) await edge.push(batch);
    edge.end();
  } catch (error) {
    edge.fail(error);
  }
}

async function all(source: Batches): Promise<RecordBatch[]> {
  const found: RecordBatch[] = [];
  for await (const batch of source) found.push(batch);
  return found;
}

const originOf = (name: string, at: number, port: InputPort, kind: string) => ({
  stage: `${kind}-${name}-${at}`,
  port: "out",
  table: port.table === "any" ? ("metrics" as const) : port.table,
});

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
