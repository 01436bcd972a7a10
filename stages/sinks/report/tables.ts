import type { RecordBatch } from "apache-arrow";
import { bound } from "../../../schemas/tables/bound.js";
import { density } from "../../../schemas/tables/density.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { angles, projection } from "../../../schemas/tables/projection.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { linearised } from "../../../schemas/tables/theory.js";
import { groupBy, type RowOf, rowsOf } from "../rows.js";

export type MetricRow = RowOf<typeof metrics.columns>;
export type SpectrumRow = RowOf<typeof spectrum.columns>;
export type ProjectionRow = RowOf<typeof projection.columns>;
export type AngleRow = RowOf<typeof angles.columns>;
export type DensityRow = RowOf<typeof density.columns>;
export type LinearisedRow = RowOf<typeof linearised.columns>;
export type BoundRow = RowOf<typeof bound.columns>;

/** The tables a report is made from; those a run has not are empty. */
export interface RunTables {
  readonly metrics: readonly MetricRow[];
  readonly spectrum: readonly SpectrumRow[];
  readonly projection: readonly ProjectionRow[];
  readonly angles: readonly AngleRow[];
  readonly density: readonly DensityRow[];
  readonly linearised: readonly LinearisedRow[];
  readonly bound: readonly BoundRow[];
}

/** Of a run that left nothing. */
export const noTables: RunTables = {
  metrics: [],
  spectrum: [],
  projection: [],
  angles: [],
  density: [],
  linearised: [],
  bound: [],
};

export type ReportedTable = keyof RunTables;

export const reportedTables = { metrics, spectrum, projection, angles, density, linearised, bound } as const;

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
  readonly #rows = {
    metrics: [] as MetricRow[],
    spectrum: [] as SpectrumRow[],
    projection: [] as ProjectionRow[],
    angles: [] as AngleRow[],
    density: [] as DensityRow[],
    linearised: [] as LinearisedRow[],
    bound: [] as BoundRow[],
  };

  add(table: ReportedTable, batch: RecordBatch): void {
    const rows = this.#rows;
    switch (table) {
      case "metrics":
        append(rows.metrics, rowsOf(metrics, batch));
        break;
      case "spectrum":
        append(rows.spectrum, rowsOf(spectrum, batch));
        break;
      case "projection":
        append(rows.projection, rowsOf(projection, batch));
        break;
      case "angles":
        append(rows.angles, rowsOf(angles, batch));
        break;
      case "density":
        append(rows.density, rowsOf(density, batch));
        break;
      case "linearised":
        append(rows.linearised, rowsOf(linearised, batch));
        break;
      case "bound":
        append(rows.bound, rowsOf(bound, batch));
        break;
    }
  }

  get tables(): RunTables {
    return this.#rows;
  }
}

/** Appends one by one: a spread of a large batch would not fit the stack. */
function append<Row>(rows: Row[], more: Iterable<Row>): void {
  for (const row of more) rows.push(row);
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
