import type { EdgeNow, RunHead, StageNow } from "./protocol.js";
import type { RunRows } from "./rows.js";

/** A run as the server knows it: of this process, or read from its folder. */
export interface WatchedRun {
  readonly head: RunHead;
  readonly stages: readonly StageNow[];
  readonly edges: readonly EdgeNow[];
  readonly rows: RunRows;
  /** Looks for what is new; called a few times a second while somebody watches. */
  refresh(): Promise<void>;
}
