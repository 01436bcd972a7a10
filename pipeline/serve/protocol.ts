import { type CuttableTables, noCuttableTables, type ShownTable } from "../../stages/sinks/report/cut.js";
import type { Policy, PortAddress } from "../graph/resolved.js";

/** What server and page say to each other: plain data, as JSON in which numbers that are not finite are text (`numbers.ts`). */

/** How a run stands; `lost`: its process is gone and left no end. */
export type RunState = "running" | "done" | "failed" | "cancelled" | "lost" | "unknown";

/** A run in the list. */
export interface ListedRun {
  /** The path of its folder below the served one, `/` between the parts. */
  readonly id: string;
  readonly name: string;
  readonly state: RunState;
  readonly seed: number | null;
  /** ISO 8601, UTC; empty when unknown. */
  readonly started: string;
  readonly seconds: number | null;
}

/** What stays as it is while a run goes on, besides how it ended. */
export interface RunHead extends ListedRun {
  /** Code and message of what ended it. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Why parts of its tables cannot be read, so that rows are missing here. */
  readonly unreadable: readonly string[];
  readonly engine: string;
  /** The pipeline as plain data. */
  readonly file: unknown;
  readonly classes: readonly string[] | null;
  readonly stages: readonly { readonly name: string; readonly uses: string }[];
}

/** A stage now. */
export interface StageNow {
  readonly stage: string;
  readonly state: "waiting" | "running" | "done" | "failed" | "cancelled";
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  /** Units a second over the last seconds; 0 when unknown. */
  readonly rate: number;
}

/** An edge now. Of a `whole` edge, and of one whose process says nothing, the numbers are 0. */
export interface EdgeNow {
  readonly from: PortAddress;
  readonly to: PortAddress;
  readonly table: string;
  readonly delivery: "whole" | "stream";
  readonly policy: Policy;
  readonly capacity: number;
  /** Batches held now, and the most that were. */
  readonly depth: number;
  readonly maximumDepth: number;
  readonly sent: number;
  readonly waits: number;
  readonly drops: number;
  /** Batches a second over the last seconds. */
  readonly rate: number;
}

/** A line of the log. */
export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly stage: string;
  readonly message: string;
}

/** What the page is told: what is new since the place it was told last, and how things stand now. */
export interface RunChange {
  /** Whether the page begins anew with this. */
  readonly reset: boolean;
  readonly head?: RunHead;
  readonly stages: readonly StageNow[];
  readonly edges: readonly EdgeNow[];
  readonly tables: Partial<CuttableTables>;
  readonly log: readonly LogLine[];
  /** Whether there is more that did not fit: it follows at once. */
  readonly more: boolean;
}

/** The tables that are told, in the order of the counts of a place. */
export const tableNames = Object.keys(noCuttableTables) as readonly ShownTable[];
