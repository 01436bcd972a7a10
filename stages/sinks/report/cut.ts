import type { RunTables } from "./tables.js";

/** Ranks a cut can be moved to: those of which singular values are known. */
export function cutRange(
  tables: RunTables,
): { readonly largest: number; readonly usual: number } | undefined {
  const largest = tables.spectrum.reduce(
    (most, row) => Math.max(most, row.singular_value > 0 ? row.index : 0),
    0,
  );
  if (largest < 2) return undefined;
  const usual = tables.projection.find((row) => row.rank > 0)?.rank ?? largest;
  return { largest, usual: Math.min(usual, largest) };
}
