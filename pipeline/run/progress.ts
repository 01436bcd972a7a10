import type { RecordBatch } from "apache-arrow";
import type { LogLevel, Source } from "../stage.js";
import type { EdgeStatistics } from "./outcome.js";

/** A line of log.ndjson. */
export interface LogEntry {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly level: LogLevel;
  /** Absent on what the run itself says. */
  readonly stage?: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** What happens during a run, in the order it happens. `seconds` count from the start of the run. */
export type RunEvent =
  | {
      readonly kind: "run-started";
      readonly name: string;
      readonly runFolder: string;
      readonly stages: readonly string[];
      /** The edges as they are when it is called. */
      readonly edges: () => readonly EdgeStatistics[];
    }
  /** The stage has its whole inputs and runs. */
  | { readonly kind: "stage-started"; readonly stage: string; readonly seconds: number }
  | {
      readonly kind: "stage-progress";
      readonly stage: string;
      readonly seconds: number;
      readonly done: number;
      readonly total: number;
      /** A plural noun: `steps`, `examples`. */
      readonly unit: string;
      /** What is being done: `sweep 2 of about 5`. */
      readonly phase?: string;
    }
  | {
      readonly kind: "stage-ended";
      readonly stage: string;
      readonly seconds: number;
      readonly outcome: "done" | "failed" | "cancelled";
    }
  /** An output sent a batch, which is never changed again. */
  | { readonly kind: "batch-sent"; readonly origin: Source; readonly batch: RecordBatch }
  | { readonly kind: "log"; readonly entry: LogEntry }
  | {
      readonly kind: "run-ended";
      readonly seconds: number;
      readonly outcome: "done" | "failed" | "cancelled";
    };

/** Is called as it happens; must return at once. What it throws is logged and otherwise ignored. */
export type RunObserver = (event: RunEvent) => void;
