import type { JacoflowError } from "../../schemas/errors/error.js";
import type { PluginRecord, ResolvedPipeline } from "../graph/resolved.js";
import type { EngineName, Stage } from "../stage.js";
import type { FileMistake, PipelineFileErrors } from "./mistake.js";

/** Stages with those of plugins, and what is wrong with a plugin. */
export interface PluggedStages {
  readonly stages: ReadonlyMap<string, Stage>;
  /** In the order they were loaded. */
  readonly plugins: readonly PluginRecord[];
  /** Of plugins the file lists: `at` is the place in its list. */
  readonly mistakes: readonly { readonly at: number; readonly error: JacoflowError }[];
  /** Of plugins asked for elsewhere. */
  readonly outside: readonly FileMistake[];
}

/** What `loadPipeline` (load.ts) needs to know. */
export interface LoadRequest {
  /** YAML, or JSON, which is YAML too. */
  readonly text: string;
  /** Path of the file: in messages as given, and the folder relative paths of options start from. */
  readonly file: string;
  /** `--set` overrides in order: `stages.train.with.epochs=20`. */
  readonly sets?: readonly string[];
  /** Of a matrix, the one run of this id. */
  readonly run?: string;
  /** Replaces the file's seed. */
  readonly seed?: number;
  /** Replaces the file's engine. */
  readonly engine?: EngineName | "auto";
  /** Every stage there is, by name. */
  readonly stages: ReadonlyMap<string, Stage>;
  /** The stages there are with those of the plugins of a file, in its folder; absent, a file may list none. */
  readonly withPlugins?: (names: readonly string[], folder: string) => Promise<PluggedStages>;
  /** Engines a file may name, `auto` aside. */
  readonly engines: readonly EngineName[];
  /** Whether a pipeline without a sink is a mistake: what is run from the command line has to leave something. */
  readonly requireSink?: boolean;
  /** Whether files, the engine and the run folder are looked for as well; true unless told otherwise. */
  readonly checkEnvironment?: boolean;
  /** Why an engine cannot be used here, undefined when it can. Absent: any engine will do. */
  readonly whyNotAvailable?: (engine: EngineName) => string | undefined;
  /** The folder a run would be written to: it has to be possible to make it. */
  readonly runFolder?: string;
  /** For `${NAME:default}`: `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One run of a pipeline file. */
export interface LoadedRun {
  /** Empty where the file has no matrix. */
  readonly id: string;
  /** What the matrix gives this run, by path, variables filled in. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly pipeline: ResolvedPipeline;
  /** Errors found in stages after the file was read, where the file says what they are about. */
  mistakes(errors: readonly StageError[]): PipelineFileErrors;
}

/** What went wrong with a stage. */
export interface StageError {
  readonly stage: string;
  readonly error: JacoflowError;
}

/** A pipeline file with all its runs. */
export interface LoadedFile {
  /** The paths its matrix varies; undefined where it has none, and one run. */
  readonly axes: readonly string[] | undefined;
  /** Of all runs, each once. */
  readonly warnings: readonly JacoflowError[];
  readonly runs: readonly LoadedRun[];
}

/** Rejects with a PipelineFileErrors (mistake.ts) that lists every mistake found. */
export type LoadPipeline = (request: LoadRequest) => Promise<ResolvedPipeline>;
