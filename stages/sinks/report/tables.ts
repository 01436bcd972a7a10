import type { advice } from "../../../schemas/tables/advice.js";
import type { bound } from "../../../schemas/tables/bound.js";
import type { density } from "../../../schemas/tables/density.js";
import type { metrics } from "../../../schemas/tables/metrics.js";
import type { angles, projection } from "../../../schemas/tables/projection.js";
import type { spectrum } from "../../../schemas/tables/spectrum.js";
import type { linearised } from "../../../schemas/tables/theory.js";
import { groupBy, type RowOf } from "../rows.js";

export type MetricRow = RowOf<typeof metrics.columns>;
export type SpectrumRow = RowOf<typeof spectrum.columns>;
export type ProjectionRow = RowOf<typeof projection.columns>;
export type AngleRow = RowOf<typeof angles.columns>;
export type DensityRow = RowOf<typeof density.columns>;
export type LinearisedRow = RowOf<typeof linearised.columns>;
export type BoundRow = RowOf<typeof bound.columns>;
export type AdviceRow = RowOf<typeof advice.columns>;

/** The tables a report is made from; those a run has not are empty. */
export interface RunTables {
  readonly metrics: readonly MetricRow[];
  readonly spectrum: readonly SpectrumRow[];
  readonly projection: readonly ProjectionRow[];
  readonly angles: readonly AngleRow[];
  readonly density: readonly DensityRow[];
  readonly linearised: readonly LinearisedRow[];
  readonly bound: readonly BoundRow[];
  readonly advice: readonly AdviceRow[];
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
  advice: [],
};

export type ReportedTable = keyof RunTables;

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
