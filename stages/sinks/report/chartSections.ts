import type { Split } from "../../../schemas/columns.js";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import { adviceTable, excessChart } from "./advice.js";
import { angleChart, turningChart } from "./angles.js";
import type { Chart } from "./chart.js";
import { distanceChart, errorChart, learningRateChart, lossChart } from "./curves.js";
import { countText, densityCharts } from "./density.js";
import { type Html, html } from "./html.js";
import { labelCharts, residualCharts, spectrumChart } from "./spaces.js";
import { ascending, byStage, type MetricRow, type RunFacts, type RunTables } from "./tables.js";
import { boundCharts, linearisedCharts } from "./theory.js";

/** Charts under one title: drawn by the report and by the live page. */
export interface ChartSection {
  readonly title: string;
  readonly introduction?: Html;
  readonly charts: readonly Chart[];
}

const bothSplits: readonly Split[] = ["train", "test"];

export const hasCourse = (rows: readonly MetricRow[]) => ascending(rows.map((row) => row.epoch)).length > 1;

/** Every chart the tables of a run make, in the order of the page. Some may have no point to show. */
export function chartSections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return [
    ...curveSections(tables, run),
    ...spaceSections(tables, run),
    ...adviceSections(tables, run),
    ...spectrumSections(tables, run),
    ...densitySections(tables, run),
    ...angleSections(tables, run),
    ...theorySections(tables, run),
  ];
}

/** Learning curves, for stages that measured at more than one epoch. */
function curveSections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return byStage(tables.metrics, run.file)
    .filter(({ rows }) => hasCourse(rows))
    .map(({ stage, rows }) => ({
      title: `Training: ${stage}`,
      charts: [
        errorChart(stage, rows),
        lossChart(stage, rows),
        distanceChart(stage, rows),
        ...learningRateChart(stage, rows),
      ],
    }));
}

const spacesNote = html`<p class="note">The residual r = f − y is what is still to be learnt: its energy ‖r‖² is that of the two parts together. It
is split on one Jacobian that stays fixed while training goes on. The labels stay fixed and are split on one Jacobian
after the other; what the information space does not hold of them is on the nuisance space.</p>`;

function spaceSections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return byStage(tables.projection, run.file).map(({ stage, rows }) => ({
    title: `Over training: ${stage}`,
    introduction: spacesNote,
    charts: [...residualCharts(tables, stage, rows), ...labelCharts(tables, stage, rows)],
  }));
}

const adviceNote = html`<p class="note">The excess is the residual's mean square on the information space over that on the nuisance space: 1 when
what is left is noise, which lies in every direction alike. The first evaluation that comes down to the threshold is
advised; no test error is looked at.</p>`;

function adviceSections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return byStage(tables.advice, run.file).map(({ stage, rows }) => ({
    title: `When to stop: ${stage}`,
    introduction: html`${adviceNote}${adviceTable(rows)}`,
    charts: [excessChart(stage, rows, tables.projection)],
  }));
}

function spectrumSections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return byStage(tables.spectrum, run.file).map(({ stage, rows }) => ({
    title: `Singular values of the Jacobian: ${stage}`,
    charts: bothSplits
      .map((split) => ({ split, own: rows.filter((row) => row.split === split) }))
      .filter(({ own }) => own.length > 0)
      .map(({ split, own }) => spectrumChart(tables, stage, split, own)),
  }));
}

/** How all singular values are distributed. */
function densitySections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return byStage(tables.density, run.file).map(({ stage, rows }) => ({
    title: `All singular values: ${stage}`,
    introduction: html`<p class="note">${[...groupBy(rows, (row) => `${row.jacobian_step} ${row.split}`).values()].map((own) => `${countText(own)} `)}</p>`,
    charts: densityCharts(stage, rows),
  }));
}

const anglesNote = html`<p class="note">The information space of every Jacobian beside those before it, and beside the span of the labels' parts by
output: the mean squared cosine of the principal angles is the share of one space that lies in the other.</p>`;

function angleSections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return byStage(tables.angles, run.file).map(({ stage, rows }) => ({
    title: `How the information space turns: ${stage}`,
    introduction: anglesNote,
    charts: bothSplits.flatMap((split) => {
      const own = rows.filter((row) => row.split === split);
      return [turningChart(tables, stage, split, own), angleChart(tables, stage, split, own)];
    }),
  }));
}

/** What the theory foretold and what happened. */
function theorySections(tables: RunTables, run: RunFacts): readonly ChartSection[] {
  return [
    ...byStage(tables.linearised, run.file).map(({ stage, rows }) => ({
      title: `Against the network linearised at its start: ${stage}`,
      introduction: html`<p class="note">Dashed is what the singular values and the first residual alone foretell, for a network that would stay
linear in its parameters. ησ₁² is ${numberText(rows[0].stability)}: above 2 gradient descent on it would diverge.</p>`,
      charts: linearisedCharts(stage, rows),
    })),
    ...byStage(tables.bound, run.file).map(({ stage, rows }) => ({
      title: `Bounds of the theorems: ${stage}`,
      introduction: html`<p class="note">At each cut the Γ is taken that makes the sum least. The theorems leave a constant open: only how the
curves run and where the sum is least means something, not its height beside an error.</p>`,
      charts: boundCharts(stage, rows),
    })),
  ];
}
