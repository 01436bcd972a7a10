import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import type { Chart, Series } from "./chart.js";
import { Html, html } from "./html.js";
import { ascending } from "./tables.js";

const valuesShown = 200;
/** As the style sheet has it. */
const colour = (tone: Series["tone"]) => `var(--tone-${tone})`;

/** The start of the ids of what belongs to a chart. */
export const elementKey = (chart: Chart): string => encodeURIComponent(chart.key);

/** Gives the SVG a name and a description. */
export function described(svg: string, chart: Chart): Html {
  const key = elementKey(chart);
  const names = html`<title id="${key}-title">${chart.title}</title><desc id="${key}-text">${chart.description}</desc>`;
  const begin = html`<svg role="img" aria-labelledby="${key}-title ${key}-text" `;
  return new Html(svg.replace(/(?<=^<svg [^>]*>)/, () => names.text).replace("<svg ", () => begin.text));
}

function swatch(tone: Series["tone"], dash: string | undefined): Html {
  const dashes = dash === undefined ? undefined : html` stroke-dasharray="${dash}"`;
  return html`<svg class="swatch" width="26" height="10" aria-hidden="true"><line x1="1" x2="25" y1="5" y2="5" stroke="${colour(tone)}" stroke-width="2.2"${dashes}/></svg>`;
}

export function legend(chart: Chart): Html {
  const entries = [...groupBy(chart.series, (series) => series.group ?? series.name)].map(
    ([name, [series]]) => ({ name, tone: series.tone, dash: series.dashed === true ? "6,4" : undefined }),
  );
  const levels = (chart.levels ?? []).map(({ name }) => ({ name, tone: 0 as const, dash: "2,3" }));
  const items = [...entries, ...levels].map(
    ({ name, tone, dash }) => html`<li>${swatch(tone, dash)} ${name}</li>`,
  );
  return html`<ul class="legend">${items}</ul>`;
}

/** The numbers behind the lines as a table; long ones are thinned evenly, first and last kept, and `note` says so. */
export function valueTable(chart: Chart): { readonly note: string; readonly table: Html } {
  const all = ascending(chart.series.flatMap((series) => series.points.map((point) => point.x)));
  const stride = Math.ceil(all.length / valuesShown);
  const shown = all.filter((_, at) => at % stride === 0 || at === all.length - 1);
  const columns = chart.series.map((series) => new Map(series.points.map(({ x, y }) => [x, y])));
  const rows = shown.map((x) => {
    const cells = columns.map((column) => html`<td>${numberText(column.get(x), chart.y.digits ?? 3)}</td>`);
    return html`<tr><th scope="row">${numberText(x)}</th>${cells}</tr>\n`;
  });
  return {
    note: shown.length < all.length ? `, ${shown.length} of ${all.length} rows` : "",
    table: html`<div class="scroll" tabindex="0" role="region" aria-label="Values: ${chart.title}"><table>
<caption class="unseen">${chart.title}</caption>
<thead><tr><th scope="col">${chart.x.label}</th>${chart.series.map((series) => html`<th scope="col">${series.name}</th>`)}</tr></thead>
<tbody>
${rows}</tbody></table></div>`,
  };
}

/** Buttons that the script of the page (script.ts) listens to. */
export function saveButtons(chart: Chart): Html {
  const button = (form: string) =>
    html`<button type="button" data-save="${form.toLowerCase()}" aria-label="Save ${chart.title} as ${form}">${form}</button>`;
  return html`<p class="save">${button("SVG")} ${button("PNG")}</p>`;
}

/** A figure with its chart, legend, values and buttons; undefined when no series has a point to show. */
export function figure(chart: Chart, draw: (chart: Chart) => string | undefined): Html | undefined {
  const svg = draw(chart);
  if (svg === undefined) return undefined;
  const { note, table } = valueTable(chart);
  return html`<figure>
<figcaption>${chart.title}</figcaption>
${legend(chart)}
${described(svg, chart)}
<details class="values"><summary>Values${note}</summary>${table}</details>
${saveButtons(chart)}
</figure>
`;
}
