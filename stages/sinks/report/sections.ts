import { stringify } from "yaml";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import { type ChartSection, hasCourse } from "./chartSections.js";
import { drawing } from "./drawing.js";
import { figure } from "./figure.js";
import { headline } from "./headline.js";
import { headlineTable } from "./headlineTable.js";
import { type Html, html } from "./html.js";
import { byStage, type RunFacts, type RunTables } from "./tables.js";

/** Sections of charts, drawn without a browser; those without a point to show are left out. */
export function drawnSections(sections: readonly ChartSection[]): readonly (Html | undefined)[] {
  return sections.map(({ title, introduction, charts }) => {
    const drawn = charts.map((chart) => figure(chart, drawing)).filter((found) => found !== undefined);
    if (drawn.length === 0) return undefined;
    return html`<section>
<h2>${title}</h2>
${introduction}
<div class="figures">
${drawn}</div>
</section>
`;
  });
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
    tables.bound.length +
    tables.advice.length;
  return rows > 0
    ? undefined
    : html`<p>No table that it can show reached this report: there is nothing to show.</p>`;
}
