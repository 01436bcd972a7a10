import type { JacoflowError } from "../../schemas/errors/error.js";
import type { Secret } from "../../schemas/secrets.js";
import type { EngineName, Stage, TableName } from "../stage.js";

/** What a full edge does (design §2): make the producer wait, lose the oldest waiting batch, or keep only the newest. */
export type Policy = "block" | "drop-oldest" | "latest";
export const policies: readonly Policy[] = ["block", "drop-oldest", "latest"];

export const defaultCapacity = 8;

/** One end of a wire. */
export interface PortAddress {
  readonly stage: string;
  readonly port: string;
}

/** An edge of the graph: one output read by one input. */
export interface Wire {
  readonly from: PortAddress;
  readonly to: PortAddress;
  readonly table: TableName;
  readonly delivery: "whole" | "stream";
  /** Batches the edge holds at most; means nothing on a `whole` edge. */
  readonly capacity: number;
  readonly policy: Policy;
}

/** A stage of a pipeline with its declaration found and its options checked and complete. */
export interface ResolvedStage {
  readonly name: string;
  /** The stage's declared name, `family/name`. */
  readonly uses: string;
  readonly definition: Stage;
  /** Defaults filled in. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A plugin a pipeline was put together with. */
export interface PluginRecord {
  readonly name: string;
  /** Of its package; null for a file by itself. */
  readonly version: string | null;
  /** Absolute path of its module. */
  readonly file: string;
}

/** A pipeline that was found right: nothing in it is left to look up. */
export interface ResolvedPipeline {
  readonly name: string;
  readonly seed: number;
  readonly engine: EngineName | "auto";
  /** The path it was read from, as given; undefined for text from elsewhere. */
  readonly file: string | undefined;
  /** Absolute; relative paths of options start here. */
  readonly folder: string;
  /** In the order they were loaded. */
  readonly plugins: readonly PluginRecord[];
  /** In the order of the file. */
  readonly stages: readonly ResolvedStage[];
  /** Names of the stages, every one after those it reads from. */
  readonly order: readonly string[];
  /** By reading stage in file order, then by its ports, then by the order of `from`. */
  readonly wires: readonly Wire[];
  /** Right but doubtful: a stage none of whose outputs is read. Coded and placed like mistakes. */
  readonly warnings: readonly JacoflowError[];
  /** The file as plain data after substitutions, overrides and defaults, without secrets: what run.json keeps. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What the file has of the environment that is never written. */
  readonly secrets?: readonly Secret[];
}
