import { extent } from "../extent.js";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import type { Chart, Series } from "./chart.js";
import type { DensityRow } from "./tables.js";

const tones = [1, 2, 3, 4, 5, 6] as const;
const isTold = (row: DensityRow) => row.kind === "exact" || row.kind === "node";

/** How many singular values are at least so large, over log₁₀ σ: one chart a split, a line a Jacobian. */
export function densityCharts(stage: string, rows: readonly DensityRow[]): readonly Chart[] {
  return [...groupBy(rows, (row) => row.split)].map(([split, own]): Chart => {
    const jacobians = [...groupBy(own, (row) => row.jacobian_step).values()];
    const told = own.filter((row) => isTold(row) && row.singular_value > 0);
    const exponents = told.map((row) => Math.log10(row.singular_value));
    const lines = jacobians.map(
      (jacobian, at): Series => ({
        name: `Jacobian of epoch ${numberText(jacobian[0].epoch)}`,
        tone: tones[at] ?? 0,
        points: jacobian
          .filter((row) => isTold(row) && row.singular_value > 0)
          .map((row) => ({ x: Math.log10(row.singular_value), y: row.cumulative })),
      }),
    );
    return {
      key: `${stage}-${split}-density`,
      title: `Number of singular values from σ up, ${split === "train" ? "training" : "test"} examples`,
      description: `${jacobians.map(countText).join(" ")} Both scales are logarithmic.`,
      x: { label: "log₁₀ σ", epochs: false, domain: extent(exponents) },
      y: { label: "values ≥ σ", logarithmic: true },
      series: lines,
    };
  });
}

/** How many values of a Jacobian are told apart, lie in the lump, are 0. */
export function countText(rows: readonly DensityRow[]): string {
  const count = (kept: (row: DensityRow) => boolean) =>
    rows.filter(kept).reduce((sum, row) => sum + row.count, 0);
  const lump = rows.find((row) => row.kind === "lump");
  const below =
    lump === undefined
      ? ""
      : `, ${numberText(lump.count)} ${lump.count === 1 ? "lies" : "lie"} below ${numberText(lump.upper)}`;
  const zero = count((row) => row.kind === "zero");
  const none = zero === 0 ? "" : ` and ${numberText(zero)} are 0`;
  return `Of ${numberText(count(() => true))} singular values, ${numberText(count(isTold))} are told apart${below}${none}.`;
}
