import { stringify } from "yaml";
import type { Split } from "../../../schemas/columns.js";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import { type Chart, figure } from "./chart.js";
import { distanceChart, errorChart, learningRateChart, lossChart } from "./curves.js";
import { countText, densityCharts } from "./density.js";
import { headline } from "./headline.js";
import { headlineTable } from "./headlineTable.js";
import { type Html, html } from "./html.js";
import { angleChart, labelCharts, residualCharts, spectrumChart } from "./spaces.js";
import { ascending, byStage, type MetricRow, type RunFacts, type RunTables } from "./tables.js";
import { boundCharts, linearisedCharts } from "./theory.js";

const bothSplits: readonly Split[] = ["train", "test"];

/** A section with its figures; nothing when none of the charts has a point. */
function figures(title: string, charts: readonly Chart[], introduction?: Html): Html | undefined {
  const drawn = charts.map(figure).filter((found) => found !== undefined);
  if (drawn.length === 0) return undefined;
  return html`<section>
<h2>${title}</h2>
${introduction}
<div class="figures">
${drawn}</div>
</section>
`;
}

export function headlineSections(tables: RunTables, run: RunFacts): readonly Html[] {
  return [...groupBy(headline(tables, run.file), (row) => row.stage)].map(
    ([stage, rows]) => html`<section>
<h2>Labels and residual on both spaces: ${stage}</h2>
${headlineTable(rows)}
</section>
`,
  );
}

const hasCourse = (rows: readonly MetricRow[]) => ascending(rows.map((row) => row.epoch)).length > 1;

/** Learning curves, for stages that measured at more than one epoch. */
export function curveSections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return byStage(tables.metrics, run.file)
    .filter(({ rows }) => hasCourse(rows))
    .map(({ stage, rows }) =>
      figures(`Training: ${stage}`, [
        errorChart(stage, rows),
        lossChart(stage, rows),
        distanceChart(stage, rows),
        ...learningRateChart(stage, rows),
      ]),
    );
}

export function spaceSections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return byStage(tables.projection, run.file).map(({ stage, rows }) =>
    figures(
      `Over training: ${stage}`,
      [...residualCharts(tables, stage, rows), ...labelCharts(tables, stage, rows)],
      html`<p class="note">The residual r = f − y is what is still to be learnt: its energy ‖r‖² is that of the two parts together. It
is split on one Jacobian that stays fixed while training goes on. The labels stay fixed and are split on one Jacobian
after the other; what the information space does not hold of them is on the nuisance space.</p>`,
    ),
  );
}

export function spectrumSections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return byStage(tables.spectrum, run.file).map(({ stage, rows }) =>
    figures(
      `Singular values of the Jacobian: ${stage}`,
      bothSplits
        .map((split) => ({ split, own: rows.filter((row) => row.split === split) }))
        .filter(({ own }) => own.length > 0)
        .map(({ split, own }) => spectrumChart(tables, stage, split, own)),
    ),
  );
}

/** How all singular values are distributed. */
export function densitySections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return byStage(tables.density, run.file).map(({ stage, rows }) =>
    figures(
      `All singular values: ${stage}`,
      densityCharts(stage, rows),
      html`<p class="note">${[...groupBy(rows, (row) => `${row.jacobian_step} ${row.split}`).values()].map((own) => `${countText(own)} `)}</p>`,
    ),
  );
}

export function angleSections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return byStage(tables.angles, run.file).map(({ stage, rows }) =>
    figures(
      `Angles between information spaces: ${stage}`,
      bothSplits.map((split) =>
        angleChart(
          stage,
          split,
          rows.filter((row) => row.split === split),
        ),
      ),
    ),
  );
}

/** What the theory foretold and what happened. */
export function theorySections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return [
    ...byStage(tables.linearised, run.file).map(({ stage, rows }) =>
      figures(
        `Against the network linearised at its start: ${stage}`,
        linearisedCharts(stage, rows),
        html`<p class="note">Dashed is what the singular values and the first residual alone foretell, for a network that would stay
linear in its parameters. ησ₁² is ${numberText(rows[0].stability)}: above 2 gradient descent on it would diverge.</p>`,
      ),
    ),
    ...byStage(tables.bound, run.file).map(({ stage, rows }) =>
      figures(
        `Bounds of the theorems: ${stage}`,
        boundCharts(stage, rows),
        html`<p class="note">At each cut the Γ is taken that makes the sum least. The theorems leave a constant open: only how the
curves run and where the sum is least means something, not its height beside an error.</p>`,
      ),
    ),
  ];
}

const charted: ReadonlySet<string> = new Set([
  "loss",
  "error",
  "clean_error",
  "parameter_distance",
  "learning_rate",
]);

/** Scalars that no chart shows, as a table by epoch and split. */
export function scalarSections(tables: RunTables, run: RunFacts): readonly (Html | undefined)[] {
  return byStage(tables.metrics, run.file).map(({ stage, rows }) => {
    const own = hasCourse(rows) ? rows.filter((row) => !charted.has(row.name)) : rows;
    if (own.length === 0) return undefined;
    const names = [...new Set(own.map((row) => row.name))];
    const lines = [...groupBy(own, (row) => `${row.step} ${row.split}`).values()];
    return html`<section>
<h2>Other numbers: ${stage}</h2>
<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">epoch</th><th scope="col">split</th>${names.map((name) => html`<th scope="col">${name.replaceAll("_", " ")}</th>`)}</tr></thead>
<tbody>
${lines.map((line) => {
  const values = new Map(line.map((row) => [row.name, row.value]));
  return html`<tr><th scope="row">${numberText(line[0].epoch)}</th><td>${line[0].split}</td>${names.map((name) => html`<td>${numberText(values.get(name))}</td>`)}</tr>\n`;
})}</tbody>
</table></div>
</section>
`;
  });
}

/** The pipeline file, folded. */
export function fileSection(run: RunFacts): Html | undefined {
  const text = typeof run.file === "string" ? run.file : stringify(run.file ?? {}, { lineWidth: 100 });
  return html`<section>
<h2>Pipeline</h2>
<details><summary>The file of this run, with its defaults filled in</summary><pre>${text}</pre></details>
</section>
`;
}

/** What to say when there is nothing to report. */
export function emptyNote(tables: RunTables): Html | undefined {
  const rows =
    tables.metrics.length +
    tables.spectrum.length +
    tables.projection.length +
    tables.angles.length +
    tables.density.length +
    tables.linearised.length +
    tables.bound.length;
  return rows > 0
    ? undefined
    : html`<p>No table that it can show reached this report: there is nothing to show.</p>`;
}
