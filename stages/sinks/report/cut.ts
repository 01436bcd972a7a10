import type { directions } from "../../../schemas/tables/projection.js";
import { extent } from "../extent.js";
import { groupBy, type RowOf } from "../rows.js";
import { noTables, type ProjectionRow, type RunTables, type SpectrumRow } from "./tables.js";

export type DirectionRow = RowOf<typeof directions.columns>;

/** What a page shows on which the cut between the spaces can be moved: a report's tables, and the energy of each direction. */
export interface CuttableTables extends RunTables {
  readonly directions: readonly DirectionRow[];
}

export type ShownTable = keyof CuttableTables;

/** Of a run that left nothing. */
export const noCuttableTables: CuttableTables = { ...noTables, directions: [] };

/** Ranks a cut can be moved to: those of which singular values are known, or directions where there are any. */
export function cutRange(
  tables: CuttableTables,
): { readonly largest: number; readonly usual: number } | undefined {
  const known =
    tables.directions.length > 0
      ? extent(tables.directions.map(({ energies }) => energies.length))[1]
      : extent(tables.spectrum.filter((row) => row.singular_value > 0).map(({ index }) => index))[1];
  if (known < 2) return undefined;
  const usual = tables.projection.find((row) => row.rank > 0)?.rank ?? known;
  return { largest: known, usual: Math.min(usual, known) };
}

const rowKey = (row: ProjectionRow | DirectionRow) =>
  `${row.stage} ${row.jacobian_step} ${row.split} ${row.target} ${row.step}`;
const jacobianKey = (row: { readonly jacobian_step: number; readonly split: string }) =>
  `${row.jacobian_step} ${row.split}`;

/** σ at each index of one Jacobian. */
type Values = ReadonlyMap<number, number>;

/**
 * The tables as they would be with the information space cut at another rank; rows of which the directions are not known,
 * or fewer than the rank, stay as they are. `sources` has the stage whose basis a stage projects on: where several took
 * singular values of the same step they are told apart by it.
 */
export function cutAt(
  tables: CuttableTables,
  rank: number,
  sources: ReadonlyMap<string, string> = new Map(),
): CuttableTables {
  const known = new Map(tables.directions.map((row) => [rowKey(row), row]));
  const spectra = new Map<string, Values>();
  for (const key of [jacobianKey, (row: SpectrumRow) => `${row.stage} ${jacobianKey(row)}`]) {
    for (const [name, rows] of groupBy(tables.spectrum, key)) {
      spectra.set(name, new Map(rows.toReversed().map((row) => [row.index, row.singular_value])));
    }
  }
  const projection = tables.projection.map((row) => {
    const directions = known.get(rowKey(row));
    if (directions === undefined || directions.energies.length < rank || row.rank === rank) return row;
    const key = jacobianKey(row);
    const values = spectra.get(`${sources.get(row.stage)} ${key}`) ?? spectra.get(key) ?? new Map();
    return projectionAt(row, directions, rank, values);
  });
  return { ...tables, projection };
}

function projectionAt(
  row: ProjectionRow,
  { norm, energies }: DirectionRow,
  rank: number,
  values: Values,
): ProjectionRow {
  const own = energies.slice(0, rank);
  const energy = own.reduce((sum, value) => sum + value, 0);
  const value = (index: number) => values.get(index) ?? Number.NaN;
  // A target that is nothing has shares of nothing, but norms.
  const length = (share: number) => (norm === 0 ? 0 : norm * share);
  const [information, nuisance] = [Math.sqrt(energy), Math.sqrt(Math.max(0, 1 - energy))];
  return {
    ...row,
    rank,
    cutoff: value(rank),
    gap: value(rank) / value(rank + 1),
    information_norm: length(information),
    nuisance_norm: length(nuisance),
    information_ratio: information,
    nuisance_ratio: nuisance,
    information_energy: energy,
    pseudo_inverse_norm: length(Math.sqrt(own.reduce((sum, part, at) => sum + part / value(at + 1) ** 2, 0))),
    random_ratio: row.random_ratio * Math.sqrt(rank / row.rank),
  };
}
