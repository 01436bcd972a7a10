import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import type { Chart, Point } from "./chart.js";
import type { BoundRow, LinearisedRow } from "./tables.js";

/** Residual on both spaces and the way of the parameters, measured and foretold. */
export function linearisedCharts(stage: string, rows: readonly LinearisedRow[]): readonly Chart[] {
  const of = (column: keyof LinearisedRow): readonly Point[] =>
    rows.map((row) => ({ x: row.epoch, y: Number(row[column]) }));
  const last = rows[rows.length - 1];
  return [
    {
      key: `${stage}-linearised`,
      title: "Norm of the residual on both spaces, measured and foretold",
      description: `Norms of the residual's parts over epochs. At the end: information space ${numberText(last.information_measured)} measured, ${numberText(last.information_predicted)} foretold; nuisance space ${numberText(last.nuisance_measured)} and ${numberText(last.nuisance_predicted)}.`,
      x: { label: "epoch", epochs: true },
      y: { label: "norm ‖Πr‖" },
      series: [
        { name: "information space, measured", tone: 1, points: of("information_measured") },
        { name: "information space, foretold", tone: 1, dashed: true, points: of("information_predicted") },
        { name: "nuisance space, measured", tone: 2, points: of("nuisance_measured") },
        { name: "nuisance space, foretold", tone: 2, dashed: true, points: of("nuisance_predicted") },
      ],
    },
    {
      key: `${stage}-linearised-distance`,
      title: "Distance of the parameters, measured and foretold",
      description: `‖w − w₀‖ over epochs. At the end ${numberText(last.distance_measured)} measured, ${numberText(last.distance_predicted)} foretold.`,
      x: { label: "epoch", epochs: true },
      y: { label: "‖w − w₀‖" },
      series: [
        { name: "measured", tone: 3, points: of("distance_measured") },
        { name: "foretold", tone: 3, dashed: true, points: of("distance_predicted") },
      ].filter(({ points }) => points.some(({ y }) => Number.isFinite(y))) as Chart["series"],
    },
  ];
}

/** Bias, variance and their sum by cut, one chart a source and target of the first Jacobian. */
export function boundCharts(stage: string, rows: readonly BoundRow[]): readonly Chart[] {
  return [...groupBy(rows, (row) => `${row.source} ${row.jacobian_step} ${row.target}`).values()].map(
    (own): Chart => {
      const { source, target, epoch } = own[0];
      // Of one cut the Γ of the least sum.
      const cuts = [...groupBy(own, (row) => row.rank).values()].map((same) =>
        same.reduce((least, row) => (row.bound < least.bound ? row : least)),
      );
      const least = cuts.reduce((best, row) => (row.bound < best.bound ? row : best));
      const of = (column: "bias" | "variance" | "bound") =>
        cuts.map((row) => ({ x: row.rank, y: row[column] }));
      const what = target === "label" ? "labels" : "first residual";
      return {
        key: `${stage}-${source}-${own[0].jacobian_step}-${target}`,
        title: `Bias and variance of the ${what}, ${source}, epoch ${numberText(epoch)}`,
        description: `Both terms of the bound and their sum by the rank of the cut on a logarithmic scale; the sum is least, ${numberText(least.bound)}, at rank ${least.rank} with Γ = ${numberText(least.gamma)}.`,
        x: { label: "rank of the cut", epochs: false },
        y: { label: "up to a constant", logarithmic: true },
        series: [
          { name: "bias", tone: 1, points: of("bias") },
          { name: "variance", tone: 2, points: of("variance") },
          { name: "sum", tone: 4, points: of("bound") },
        ],
        marks: [{ x: least.rank, y: least.bound, tone: 4, text: `least at ${least.rank}` }],
      };
    },
  );
}
