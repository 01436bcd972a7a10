import type { Chart } from "../../stages/sinks/report/chart.js";
import type { PaperRun } from "./run.js";

/** An experiment: a pipeline file of examples/paper and its part of the page. */
export interface Section {
  /** Of the file, without `.yaml`. */
  readonly name: string;
  readonly title: string;
  /** What was done, whatever the size. */
  readonly says: string;
  /** How size small differs from the paper. */
  readonly small?: string;
  /** Without a matrix: one run. */
  readonly single?: true;
  /** Charts above the tables, in the report's form. */
  readonly charts?: (runs: readonly PaperRun[]) => readonly Chart[];
  /** Markdown made of the runs, of which there is at least one. */
  readonly write: (runs: readonly PaperRun[]) => string;
}
