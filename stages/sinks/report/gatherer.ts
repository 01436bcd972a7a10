import type { RecordBatch } from "apache-arrow";
import type { Columns, TableDefinition } from "../../../schemas/table.js";
import { advice } from "../../../schemas/tables/advice.js";
import { bound } from "../../../schemas/tables/bound.js";
import { density } from "../../../schemas/tables/density.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { angles, projection } from "../../../schemas/tables/projection.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { linearised } from "../../../schemas/tables/theory.js";
import { Pieces } from "../pieces.js";
import { type RowOf, rowsOf } from "../rows.js";
import type { ReportedTable, RunTables } from "./tables.js";

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

/** Gathers the rows of a run's streams, as columns until they are asked for; rows of one stage stay in their order. */
export class TableGatherer {
  readonly #pieces = new Map<ReportedTable, Pieces>();

  add(table: ReportedTable, batch: RecordBatch): void {
    let pieces = this.#pieces.get(table);
    if (pieces === undefined) {
      pieces = new Pieces();
      this.#pieces.set(table, pieces);
    }
    pieces.add(batch);
  }

  /** All rows so far, as objects. */
  get tables(): RunTables {
    return {
      metrics: this.#rows("metrics", metrics),
      spectrum: this.#rows("spectrum", spectrum),
      projection: this.#rows("projection", projection),
      angles: this.#rows("angles", angles),
      density: this.#rows("density", density),
      linearised: this.#rows("linearised", linearised),
      bound: this.#rows("bound", bound),
      advice: this.#rows("advice", advice),
    };
  }

  #rows<C extends Columns>(table: ReportedTable, definition: TableDefinition<C>): RowOf<C>[] {
    return (this.#pieces.get(table)?.all() ?? []).flatMap((batch) => rowsOf(definition, batch));
  }
}
