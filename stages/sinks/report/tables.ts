import type { RecordBatch } from "apache-arrow";
import { metrics } from "../../../schemas/tables/metrics.js";
import { angles, projection } from "../../../schemas/tables/projection.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { groupBy, type RowOf, rowsOf } from "../rows.js";

export type MetricRow = RowOf<typeof metrics.columns>;
export type SpectrumRow = RowOf<typeof spectrum.columns>;
export type ProjectionRow = RowOf<typeof projection.columns>;
export type AngleRow = RowOf<typeof angles.columns>;

/** The tables a report is made from; those a run has not are empty. */
export interface RunTables {
  readonly metrics: readonly MetricRow[];
  readonly spectrum: readonly SpectrumRow[];
  readonly projection: readonly ProjectionRow[];
  readonly angles: readonly AngleRow[];
}

export type ReportedTable = keyof RunTables;

export const reportedTables = { metrics, spectrum, projection, angles } as const;

export function isReported(table: string): table is ReportedTable {
  return Object.hasOwn(reportedTables, table);
}

/** What a report says of the run besides its tables. */
export interface RunFacts {
  readonly name: string;
  readonly seed: number;
  /** The resolved pipeline as plain data, or its text. */
  readonly file: unknown;
  /** Names of the classes in the order of the labels, when known. */
  readonly classes?: readonly string[];
  /** False when the run failed or was stopped: the tables hold what there was. */
  readonly complete: boolean;
}

/** Gathers the rows of a run's streams; rows of one stage stay in their order. */
export class TableGatherer {
  readonly #metrics: MetricRow[] = [];
  readonly #spectrum: SpectrumRow[] = [];
  readonly #projection: ProjectionRow[] = [];
  readonly #angles: AngleRow[] = [];

  add(table: ReportedTable, batch: RecordBatch): void {
    switch (table) {
      case "metrics":
        for (const row of rowsOf(metrics, batch)) this.#metrics.push(row);
        break;
      case "spectrum":
        for (const row of rowsOf(spectrum, batch)) this.#spectrum.push(row);
        break;
      case "projection":
        for (const row of rowsOf(projection, batch)) this.#projection.push(row);
        break;
      case "angles":
        for (const row of rowsOf(angles, batch)) this.#angles.push(row);
        break;
    }
  }

  get tables(): RunTables {
    return {
      metrics: this.#metrics,
      spectrum: this.#spectrum,
      projection: this.#projection,
      angles: this.#angles,
    };
  }
}

/** Rows by stage: stages of the pipeline file in its order, then others by name, so the order of arrival shows nowhere. */
export function byStage<Row extends { readonly stage: string }>(
  rows: readonly Row[],
  file: unknown,
): readonly { readonly stage: string; readonly rows: readonly Row[] }[] {
  const declared = Object.keys(mapOf(mapOf(file).stages));
  const place = (stage: string) => (declared.includes(stage) ? declared.indexOf(stage) : declared.length);
  return [...groupBy(rows, (row) => row.stage)]
    .map(([stage, own]) => ({ stage, rows: own }))
    .sort((left, right) => place(left.stage) - place(right.stage) || (left.stage < right.stage ? -1 : 1));
}

/** A value as a map; an empty one if it is none. */
export function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

/** Different numbers, ascending. */
export function ascending(values: Iterable<number>): readonly number[] {
  return [...new Set(values)].sort((left, right) => left - right);
}
