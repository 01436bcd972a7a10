import type { Split } from "../../../schemas/columns.js";
import { extent } from "../extent.js";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import type { Chart, Point, Series } from "./chart.js";
import { epochOfStep } from "./headline.js";
import { examplesText } from "./spaces.js";
import { type AngleRow, ascending, type RunTables } from "./tables.js";

const tones = [1, 2, 3, 4, 5, 6] as const;

const others: readonly (readonly [name: string, tone: Series["tone"], of: (row: AngleRow) => boolean])[] = [
  ["labels as given", 1, ({ other }) => other === "label"],
  ["labels, centred", 4, ({ other }) => other === "centred_label"],
  ["clean labels", 3, ({ other }) => other === "clean_label"],
];

/** Mean cos² of the principal angles of each comparison, by the epoch of the later Jacobian. */
function courseOf(tables: RunTables, stage: string, rows: readonly AngleRow[]): readonly Point[] {
  return [...groupBy(rows, (row) => row.jacobian_step)]
    .map(([step, own]) => ({
      x: epochOfStep(tables, stage, step),
      y: own.reduce((sum, row) => sum + row.cosine ** 2, 0) / own.length,
    }))
    .sort((left, right) => left.x - right.x);
}

/** How far the information space has turned from where it was, and towards the labels, over training. */
export function turningChart(
  tables: RunTables,
  stage: string,
  split: Split,
  rows: readonly AngleRow[],
): Chart {
  const between = rows.filter((row) => row.other === "jacobian");
  const steps = ascending(between.flatMap((row) => [row.jacobian_step, row.other_step]));
  const same: Point = { x: epochOfStep(tables, stage, steps[0] ?? 0), y: 1 };
  const before = (step: number) => steps[steps.indexOf(step) - 1];
  const toFirst = between.filter((row) => row.other_step === steps[0]);
  const toPrevious = between.filter((row) => row.other_step === before(row.jacobian_step));
  const series: readonly Series[] = [
    {
      name: "first information space",
      tone: 2,
      points: toFirst.length === 0 ? [] : [same, ...courseOf(tables, stage, toFirst)],
    },
    { name: "one before", tone: 2, dashed: true, points: courseOf(tables, stage, toPrevious) },
    ...others.map(([name, tone, of]) => ({
      ...{ name, tone, dashed: name === "clean labels" },
      points: courseOf(tables, stage, rows.filter(of)),
    })),
  ];
  const shown = series.filter(({ points }) => points.length > 1);
  return {
    key: `${stage}-${split}-turning`,
    title: `How the information space turns, ${examplesText(split)}`,
    description: `Mean squared cosine of the principal angles with other spaces by the epoch of the Jacobian; 1 is the same space. ${shown
      .map(({ name, points }) => `${name}: ${numberText(points[0].y)} to ${numberText(points.at(-1)?.y)}`)
      .join("; ")}.`,
    x: { label: "epoch of the Jacobian", epochs: true },
    y: { label: "mean cos²" },
    series: shown,
  };
}

/** Cosines of the principal angles of later information spaces with the first. */
export function angleChart(tables: RunTables, stage: string, split: Split, rows: readonly AngleRow[]): Chart {
  const between = rows.filter((row) => row.other === "jacobian");
  const first = extent(between.map((row) => row.other_step))[0];
  const later = [
    ...groupBy(
      between.filter((row) => row.other_step === first),
      (row) => row.jacobian_step,
    ),
  ];
  return {
    key: `${stage}-${split}-angles`,
    title: `Principal angles with the first information space, ${examplesText(split)}`,
    description:
      "Cosines of the principal angles between information spaces, by index: 1 is a shared direction, 0 one that the other space lacks.",
    x: { label: "index", epochs: false },
    y: { label: "cosine" },
    series: later.map(([step, own], at) => ({
      name: `Jacobian of epoch ${numberText(epochOfStep(tables, stage, step))}`,
      tone: tones[at] ?? 0,
      points: own.map((row) => ({ x: row.index, y: row.cosine })),
    })),
  };
}
