import type { RecordBatch } from "apache-arrow";

/** What a sink, ours or written by hand, has to keep. */
export interface Job {
  /** An empty folder. */
  readonly folder: string;
  readonly batches: Iterable<RecordBatch>;
}

/** One way to keep rows; resolves when all of them are where they belong. */
export type Keep = (job: Job) => Promise<void>;

/** Rows of one Parquet or Arrow file: what our sinks have by default. */
export const rowsPerFile = 65_536;
