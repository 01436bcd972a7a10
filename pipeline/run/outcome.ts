import type { JacoflowError } from "../../schemas/errors/error.js";
import type { Policy, PortAddress, ResolvedPipeline } from "../graph/resolved.js";
import type { Engine, EngineRates, StagePlan } from "../stage.js";
import type { RunObserver } from "./progress.js";

/** What is known of the machine a run is planned for. */
export interface PlanRequest {
  /** Bytes. */
  readonly memoryLimit: number;
  /** What the process takes before any stage holds anything; absent: only what stages hold is counted. */
  readonly programBytes?: number;
  /** Of the engine that will compute, as far as they are known before it starts; absent: `ordinaryRates`. */
  readonly rates?: EngineRates;
}

export interface RunRequest extends PlanRequest {
  /** Started on first use by a stage, at most once, closed when the run ends. Unused: never called. */
  readonly createEngine: () => Promise<Engine>;
  /** Absolute path. Made if missing, refused if it holds more than checkpoints, unless the run is resumed there. */
  readonly runFolder: string;
  /** Whether the folder was reopened (`reopenRunFolder`) to go on with the run in it. */
  readonly resumed?: boolean;
  /** Aborting it (Ctrl-C) ends the run as `cancelled`, sinks flushed. */
  readonly signal?: AbortSignal;
  readonly observers?: readonly RunObserver[];
  /** Versions of jacoflow and what else shapes the numbers, for run.json. */
  readonly versions: Readonly<Record<string, string>>;
  /** Threads asked for, for run.json. */
  readonly threads: number;
  /** Seconds a stopped stage may take to notice (10), and sinks to write what they were given (120). */
  readonly patience?: { readonly stopSeconds: number; readonly flushSeconds: number };
}

export interface StageTiming {
  readonly stage: string;
  /** Seconds from the start of the run until the stage had its whole inputs; undefined: never started. */
  readonly startSeconds: number | undefined;
  readonly endSeconds: number | undefined;
  readonly outcome: "done" | "failed" | "cancelled";
}

/** What an edge went through; goes to the log, never to `tables/`. */
export interface EdgeStatistics {
  readonly from: PortAddress;
  readonly to: PortAddress;
  readonly policy: Policy;
  readonly capacity: number;
  /** Batches held now: waiting or being handled. */
  readonly depth: number;
  readonly maximumDepth: number;
  readonly sent: number;
  readonly delivered: number;
  /** Sends that had to wait for room. */
  readonly waits: number;
  readonly drops: number;
  /** Batches that waited in a store because the reader had not started. */
  readonly stored: number;
}

export interface RunOutcome {
  readonly outcome: "done" | "failed" | "cancelled";
  /** The first error, its message naming the stage; only when `failed`. */
  readonly error: JacoflowError | undefined;
  readonly runFolder: string;
  readonly seconds: number;
  readonly stages: readonly StageTiming[];
  readonly edges: readonly EdgeStatistics[];
}

/** `runPipeline` (run.ts). Rejects only with what keeps a run from starting (nothing is written then). */
export type RunPipeline = (pipeline: ResolvedPipeline, request: RunRequest) => Promise<RunOutcome>;

/** One stage of `planPipeline` (plan.ts), in the order of `ResolvedPipeline.order`. */
export interface PlannedStage {
  readonly name: string;
  readonly uses: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Bytes it may hold: what the limit of the run leaves it. */
  readonly memoryLimit: number;
  readonly plan: StagePlan;
  /** What the run would end with, where its plan shows it. */
  readonly error?: JacoflowError;
}

/** What `--dry-run` shows; the edges are the pipeline's `wires`. */
export interface PipelinePlan {
  readonly stages: readonly PlannedStage[];
  /** Sums over the stages that say, bytes with the program itself where it was told; undefined when none does. */
  readonly memoryBytes: number | undefined;
  readonly flops: number | undefined;
  readonly seconds: number | undefined;
}
