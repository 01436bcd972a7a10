import type { RecordBatch, Table } from "apache-arrow";
import type { Observable } from "rxjs";
import type { Static, TObject } from "typebox";
import type { Engine, EngineName, EngineRates } from "../engine/engine.js";
import type { Journal, JournalRequest } from "./journal.js";
import type { PlanContext, StagePlan } from "./planned.js";
import type { Source, TableName } from "./tableName.js";

/**
 * A bounded stream of record batches. The next batch is delivered when the reader's handling of the last one is done:
 * the promise its callback returned in `forEach` or `subscribe` (at the end of a pipe of RxJS operators too), or the
 * loop body of `for await`. Within a pipe an operator counts as done when its `next` returns, so those that buffer
 * (`concatMap`, `mergeMap`) hold what they get: put `inTurn(handler)` there instead.
 * Read it once. An error that no reader handles becomes the stage's.
 */
export interface InputStream extends Omit<Observable<RecordBatch>, "forEach">, AsyncIterable<RecordBatch> {
  /** Not `source`: that is RxJS's own property of an Observable. */
  readonly origin: Source;
  /** Resolves when the stream has ended and every batch was handled; rejects with the first error. */
  forEach(handle: (batch: RecordBatch) => void | Promise<void>): Promise<void>;
}

/** A gathered input: whole, before the stage starts, shared by reference with other readers. */
export interface WholeInput {
  readonly origin: Source;
  readonly table: Table;
}

export interface InputPort {
  readonly table: TableName | "any";
  /** `whole`: gathered before the stage starts. `stream`: batch by batch. */
  readonly delivery: "whole" | "stream";
  /** Takes every offer, in file order, instead of exactly one. */
  readonly many: boolean;
  readonly optional: boolean;
  /** Refuses edges that may drop batches: what the stage keeps has to be all there was. */
  readonly lossless?: boolean;
  readonly summary: string;
}

export interface OutputPort {
  readonly table: TableName;
  readonly summary: string;
}

export interface OutputStream {
  /** Resolves when every blocking reader has room. The batch is immutable from here on. */
  send(batch: RecordBatch): Promise<void>;
  /** Batches sent so far on this port. */
  readonly sent: number;
}

type InputOf<P extends InputPort> = P["many"] extends true
  ? readonly (P["delivery"] extends "whole" ? WholeInput : InputStream)[]
  : P["optional"] extends true
    ? (P["delivery"] extends "whole" ? WholeInput : InputStream) | undefined
    : P["delivery"] extends "whole"
      ? WholeInput
      : InputStream;

export type InputPorts = Readonly<Record<string, InputPort>>;
export type OutputPorts = Readonly<Record<string, OutputPort>>;
export type InputsOf<I extends InputPorts> = { readonly [Name in keyof I]: InputOf<I[Name]> };
export type OutputsOf<O extends OutputPorts> = { readonly [Name in keyof O]: OutputStream };

/** Keeps record batches of one port for later, in memory up to a share of the run's limit, then in a file. */
export interface BatchStore {
  append(batch: RecordBatch): Promise<void>;
  readonly length: number;
  /** The batches in the order they came; may be iterated more than once. */
  [Symbol.asyncIterator](): AsyncIterator<RecordBatch>;
}

export type LogLevel = "debug" | "info" | "warning" | "error";

/** What the runtime gives a running stage. */
export interface StageContext<Options> {
  /** The stage's name in the pipeline file; goes into the `stage` column of what it sends. */
  readonly stage: string;
  readonly options: Options;
  /** A seed for `randomSource`: hash(run seed, stage name, purpose), so another stage changes no number. */
  seed(purpose: string): string;
  /** Aborts when the run ends early: stop soon and leave nothing half-written. */
  readonly signal: AbortSignal;
  /** The run's engine, started on first use. */
  engine(): Promise<Engine>;
  /** A path of the options, absolute: relative ones start at the folder of the pipeline file. */
  resolvePath(path: string): string;
  /** The run folder (design §6). */
  readonly runFolder: string;
  /**
   * Below it, the stage's own: made by the stage when it has something to go on with after a kill. A resumed run finds it as
   * it was left; it goes when a run is done.
   */
  readonly checkpointFolder: string;
  /**
   * Keeps what the stage sends, and how it stands, in its checkpoint folder: for stages that work for long. In a resumed run
   * it first sends again what the one that was cut off had sent until its last state, which it brings back. Await it once,
   * before the first `send`. Errors: CHECKPOINT_OF_OTHER_RUN, JOURNAL_TOO_LATE.
   */
  journal(request: JournalRequest): Promise<Journal>;
  /** Bytes the stage may hold: what the limit of the run leaves it beside the program and the other stages. */
  readonly memoryLimit: number;
  /** The resolved pipeline and what else run.json says at the start, for sinks that describe the run. */
  readonly run: {
    readonly name: string;
    readonly seed: number;
    readonly file: unknown;
    /**
     * Aborts when the run ends early: the `cause` of its reason is the error that the run fails with, and undefined when it is
     * only stopped. A sink's own `signal` aborts later: it has time to write what it was given.
     */
    readonly stopping: AbortSignal;
  };
  store(name: string): BatchStore;
  log(level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>): void;
  /** Work done so far of a known total, for the progress line: `unit` is a plural noun, `phase` such as `sweep 2 of 5`. */
  progress(done: number, total: number, unit: string, phase?: string): void;
}

/** What `validate` can check in the options alone: some that exclude each other. */
export interface OptionsContext<Options> {
  readonly options: Options;
  /** `stages.NAME`, the place an error should start with. */
  readonly place: string;
}

/** What `validate` can check of the world before anything runs: files there and readable, and whole. */
export interface CheckContext<Options> extends OptionsContext<Options> {
  resolvePath(path: string): string;
}

/** Options by the value of one of them: where it has a name listed, that schema counts instead of the stage's. */
export interface Variants {
  readonly option: string;
  readonly schemas: ReadonlyMap<string, TObject>;
}

export interface Stage<
  Options extends TObject = TObject,
  Inputs extends InputPorts = InputPorts,
  Outputs extends OutputPorts = OutputPorts,
> {
  /** `family/name`. */
  readonly name: string;
  /** The built-in stage a plugin's stage stands in for; it has the same ports. */
  readonly replaces?: string;
  /** One sentence for `jacoflow stages`. */
  readonly summary: string;
  /** TypeBox object; every property with a description, defaults where there are any. */
  readonly options: Options;
  /** Where the value of one option decides which others there are. */
  readonly variants?: Variants;
  readonly inputs: Inputs;
  readonly outputs: Outputs;
  /** Which outputs have which schema is known only at run time (shape, K): the first batch fixes it. */
  run(
    inputs: InputsOf<Inputs>,
    outputs: OutputsOf<Outputs>,
    context: StageContext<Static<Options>>,
  ): Promise<void>;
  /** Looks at nothing but the options. Throws a JacoflowError, or an AggregateError of several. */
  checkOptions?(context: OptionsContext<Static<Options>>): void;
  /**
   * Looks at the files the options name; `validate --no-environment` leaves it out, and it is called only when
   * `checkOptions` found nothing. Throws (or rejects with) a JacoflowError, or an AggregateError of several.
   */
  check?(context: CheckContext<Static<Options>>): void | Promise<void>;
  /**
   * What the stage will send and need, from what is known of its inputs. It may look into files, not write any. Throws
   * (or rejects with) the JacoflowError that the run would end with.
   */
  plan?(options: Static<Options>, context: PlanContext): StagePlan | Promise<StagePlan>;
}

/** Declares a stage. Options infer from the schema, inputs and outputs from the ports. */
export function defineStage<
  const Options extends TObject,
  const Inputs extends InputPorts,
  const Outputs extends OutputPorts,
>(stage: Stage<Options, Inputs, Outputs>): Stage<Options, Inputs, Outputs> {
  return Object.freeze(stage);
}

/** An input gathered before the stage starts. */
export function whole<const T extends TableName | "any">(table: T, summary: string) {
  return { table, delivery: "whole", many: false, optional: false, summary } as const;
}

/** An input read batch by batch. */
export function stream<const T extends TableName | "any">(table: T, summary: string) {
  return { table, delivery: "stream", many: false, optional: false, summary } as const;
}

/** Makes a port take every offer of its table, in file order. */
export function many<const P extends InputPort>(port: P): Omit<P, "many"> & { readonly many: true } {
  return { ...port, many: true };
}

/** Makes a port one that may stay unbound. */
export function optional<const P extends InputPort>(
  port: P,
): Omit<P, "optional"> & { readonly optional: true } {
  return { ...port, optional: true };
}

/** Makes a port refuse `drop-oldest` and `latest` edges: for sinks that write files. */
export function lossless<const P extends InputPort>(
  port: P,
): Omit<P, "lossless"> & { readonly lossless: true } {
  return { ...port, lossless: true };
}

export function output<const T extends TableName>(table: T, summary: string) {
  return { table, summary } as const;
}

export {
  type Added,
  type Additions,
  defineArchitecture,
  defineLabelNoise,
  defineLayers,
  type NamedArchitecture,
  type NamedLabelNoise,
  type NamedLayers,
  type NetworkData,
  noAdditions,
  reservedOptions,
} from "./additions.js";
export {
  type Journal,
  type JournalArray,
  type JournalFact,
  type JournalIdentity,
  type JournalRequest,
  type JournalState,
  noJournal,
} from "./journal.js";
export {
  type PlanContext,
  type PlannedInput,
  type PlannedTable,
  type PlannedWork,
  type StagePlan,
  storeShare,
} from "./planned.js";
export { foldBatches, inTurn, mapBatches, produceBatches } from "./streams.js";
export type { Source, TableName } from "./tableName.js";
export { tableNames } from "./tableName.js";
export type { Engine, EngineName, EngineRates };
