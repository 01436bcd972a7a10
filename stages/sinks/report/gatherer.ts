import type { RecordBatch } from "apache-arrow";
import { advice } from "../../../schemas/tables/advice.js";
import { bound } from "../../../schemas/tables/bound.js";
import { density } from "../../../schemas/tables/density.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { angles, projection } from "../../../schemas/tables/projection.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { linearised } from "../../../schemas/tables/theory.js";
import { rowsOf } from "../rows.js";
import type {
  AdviceRow,
  AngleRow,
  BoundRow,
  DensityRow,
  LinearisedRow,
  MetricRow,
  ProjectionRow,
  ReportedTable,
  RunTables,
  SpectrumRow,
} from "./tables.js";

export const reportedTables = {
  metrics,
  spectrum,
  projection,
  angles,
  density,
  linearised,
  bound,
  advice,
} as const;

export function isReported(table: string): table is ReportedTable {
  return Object.hasOwn(reportedTables, table);
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
    advice: [] as AdviceRow[],
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
      case "advice":
        append(rows.advice, rowsOf(advice, batch));
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
