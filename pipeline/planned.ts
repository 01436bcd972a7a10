import type { EngineRates } from "../engine/engine.js";
import type { Source } from "./tableName.js";

/** Of the memory limit of a run, what one store of a stage keeps in memory before it goes to a file. */
export const storeShare = 1 / 16;

/** What is known before a run of the table an output will send; what is absent is not known. */
export interface PlannedTable {
  /** Examples of each split, of tables about examples. */
  readonly examples?: Partial<Readonly<Record<"train" | "test", number>>>;
  /** Shape of one input. */
  readonly shape?: readonly number[];
  /** K. */
  readonly classes?: number;
  /** The network of parameters, as JSON. */
  readonly network?: unknown;
  /** p, the trainable ones. */
  readonly parameters?: number;
  /** Batches in all: snapshots, evaluations, Jacobians. */
  readonly batches?: number;
  /** Moments of the batches, each once, ascending: epochs done at a snapshot, an evaluation, a Jacobian. */
  readonly epochs?: readonly number[];
  /** In all batches. */
  readonly rows?: number;
  /** Of all batches, as Arrow holds them. */
  readonly bytes?: number;
}

/** What is known of what an input reads, and who sends it. */
export interface PlannedInput extends PlannedTable {
  readonly origin: Source;
}

/** How much a stage has to do. */
export interface PlannedWork {
  /** Passes over the examples in which Jacobians are multiplied. */
  readonly sweeps?: number;
  /** Of the largest matrix the stage is about, were it held. */
  readonly bytes?: number;
  /** Training steps. */
  readonly steps?: number;
  /** Operations, a multiply-add counted as two; 0 where there is no arithmetic to speak of. */
  readonly flops?: number;
  /** What the operations take at the engine's rates. */
  readonly seconds?: number;
}

/** What a stage will need, for `--dry-run` and the memory check before the run. */
export interface StagePlan {
  /** Held at the most at a time, its own outputs with it, what it reads without. */
  readonly memoryBytes?: number;
  readonly notes?: readonly string[];
  /** By output port. */
  readonly outputs?: Readonly<Record<string, PlannedTable>>;
  readonly work?: PlannedWork;
}

/** What a stage may know for its plan. */
export interface PlanContext {
  /** `stages.NAME`, the place an error should start with. */
  readonly place: string;
  /** What is known of each input by port, of a `many` port of its first offer; undefined: nothing is wired to it. */
  readonly inputs: Readonly<Record<string, PlannedInput | undefined>>;
  /** The same of all offers of each port, in file order. */
  readonly offers: Readonly<Record<string, readonly PlannedInput[]>>;
  /** Of the engine, where it could be asked. */
  readonly rates: EngineRates;
  /** Bytes. */
  readonly memoryLimit: number;
  resolvePath(path: string): string;
}
