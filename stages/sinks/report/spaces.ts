import type { Split } from "../../../schemas/columns.js";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import type { Chart, Point, Series } from "./chart.js";
import { epochOfStep } from "./headline.js";
import { ascending, type ProjectionRow, type RunTables, type SpectrumRow } from "./tables.js";

const epochs = { label: "epoch", epochs: true } as const;

export const examplesText = (split: Split) => (split === "train" ? "training examples" : "test examples");

/** `initial Jacobian`, `final Jacobian` or `Jacobian of epoch 10`. */
function jacobianName(step: number, steps: readonly number[], epoch: number): string {
  const moment = Number.isNaN(epoch) ? `step ${numberText(step)}` : `epoch ${numberText(epoch)}`;
  if (steps.length < 2) return `Jacobian of ${moment}`;
  if (step === steps[0]) return `initial Jacobian (${moment})`;
  if (step === steps[steps.length - 1]) return `final Jacobian (${moment})`;
  return `Jacobian of ${moment}`;
}

/** Singular values of every Jacobian of one stage and split: first and last in colour, those between in grey. */
export function spectrumChart(
  tables: RunTables,
  stage: string,
  split: Split,
  rows: readonly SpectrumRow[],
): Chart {
  const jacobians = [...groupBy(rows, (row) => row.jacobian_step)].sort(([left], [right]) => left - right);
  const steps = jacobians.map(([step]) => step);
  const last = steps[steps.length - 1];
  const inColour = jacobians.filter(([step]) => step === steps[0] || step === last);
  const between = jacobians.filter(([step]) => step !== steps[0] && step !== last);
  const greyEpochs = between.map(([, own]) => numberText(own[0].epoch)).join(", ");
  const line = (step: number, own: readonly SpectrumRow[], tone: Series["tone"]): Series => ({
    ...(tone === 0 ? { group: `${between.length > 1 ? "epochs" : "epoch"} ${greyEpochs}` } : {}),
    name: jacobianName(step, steps, own[0].epoch),
    tone,
    points: own.map((row) => ({ x: row.index, y: row.singular_value })),
  });
  const ranks = ascending(
    tables.projection
      .filter((row) => row.split === split && steps.includes(row.jacobian_step))
      .map((row) => row.rank),
  );
  const [first] = jacobians;
  const firstValues = first[1].map((row) => row.singular_value);
  return {
    key: `${stage}-${split}-spectrum`,
    title: `Singular values, ${examplesText(split)}`,
    description: `Singular values of the Jacobian by index on a logarithmic scale. The ${line(first[0], first[1], 1).name} goes from ${numberText(firstValues[0])} to ${numberText(firstValues.at(-1))}.`,
    cut: true,
    x: { label: "index", epochs: false },
    y: { label: "σ", logarithmic: true },
    series: [
      ...inColour.map(([step, own]) => line(step, own, step === last && steps.length > 1 ? 2 : 1)),
      ...between.map(([step, own]) => line(step, own, 0)),
    ],
    rules: ranks.slice(0, 3).map((rank) => ({ x: rank, text: `rank ${rank}` })),
  };
}

/** Energy of both parts of the residual on one fixed Jacobian over epochs: paper figures 5 and 6. */
export function residualCharts(
  tables: RunTables,
  stage: string,
  rows: readonly ProjectionRow[],
): readonly Chart[] {
  const residuals = rows.filter((row) => row.target === "residual");
  const steps = ascending(rows.map((row) => row.jacobian_step));
  const shown = steps.length < 2 ? steps : [steps[0], steps[steps.length - 1]];
  return shown.flatMap((step) =>
    (["train", "test"] as const).flatMap((split): Chart[] => {
      const own = residuals
        .filter((row) => row.jacobian_step === step && row.split === split)
        .sort((left, right) => left.epoch - right.epoch);
      if (own.length < 2) return [];
      const of = (column: "information_norm" | "nuisance_norm") =>
        own.map((row) => ({ x: row.epoch, y: row[column] ** 2 }));
      const course = (points: readonly Point[]) =>
        `${numberText(points[0].y)} to ${numberText(points[points.length - 1].y)}`;
      const [information, nuisance] = [of("information_norm"), of("nuisance_norm")];
      const name = jacobianName(step, steps, epochOfStep(tables, stage, step));
      return [
        {
          key: `${stage}-${split}-residual-${step}`,
          title: `Energy of the residual, ${examplesText(split)}, ${name}`,
          description:
            `Squared norm of the residual's part in each space over epochs. Information space: ${course(information)};` +
            ` nuisance space: ${course(nuisance)}.`,
          x: epochs,
          y: { label: "energy ‖Πr‖²" },
          series: [
            { name: "on the information space", tone: 1, points: information },
            { name: "on the nuisance space", tone: 2, points: nuisance },
          ],
        },
      ];
    }),
  );
}

const followed: readonly (readonly [string, string, Series["tone"]])[] = [
  ["label", "labels as given", 1],
  ["centred_label", "labels, centred", 4],
  ["label_change", "label changes", 5],
  ["label_noise", "unpredictable noise", 2],
  // Dashed over the others: where there is no noise the labels as given are the same line.
  ["clean_label", "clean labels", 3],
];

/** Energy of labels and noise on the information space of one Jacobian after the other. */
export function labelCharts(
  tables: RunTables,
  stage: string,
  rows: readonly ProjectionRow[],
): readonly Chart[] {
  return (["train", "test"] as const).flatMap((split): Chart[] => {
    const own = rows.filter((row) => row.split === split && row.target !== "residual");
    const steps = ascending(own.map((row) => row.jacobian_step));
    if (steps.length < 2) return [];
    const random = ascending(own.map((row) => row.random_ratio ** 2));
    const series = followed
      .map(([target, name, tone]): Series => {
        const byStep = new Map(
          own.filter((row) => row.target === target).map((row) => [row.jacobian_step, row] as const),
        );
        const points = [...byStep].map(([step, row]) => ({
          x: epochOfStep(tables, stage, step),
          y: row.information_energy,
        }));
        return {
          name,
          tone,
          ...(target === "clean_label" ? { dashed: true } : {}),
          points: points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y)),
        };
      })
      .filter(({ points }) => points.length > 0);
    return [
      {
        key: `${stage}-${split}-labels`,
        title: `Energy of the labels on the information space, ${examplesText(split)}`,
        description: `Share of the squared norm on the information space of the Jacobian at ${steps.length} epochs; the nuisance space has the rest. ${series
          .map(({ name, points }) => `${name}: ${numberText(points[0].y)} to ${numberText(points.at(-1)?.y)}`)
          .join("; ")}.`,
        x: { label: "epoch of the Jacobian", epochs: true },
        y: { label: "share of energy" },
        series,
        levels:
          random.length === 1 ? [{ y: random[0], name: `random space, ${numberText(random[0], 2)}` }] : [],
      },
    ];
  });
}
