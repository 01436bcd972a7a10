import type { Chart } from "../../stages/sinks/report/chart.js";
import { drawing } from "../../stages/sinks/report/drawing.js";
import { html } from "../../stages/sinks/report/html.js";
import { style } from "../../stages/sinks/report/style.js";

const margin = 12;
const width = 464;
const lineHeight = 17;

/** The report's colours in the light. */
const colours = new Map(
  [...style.slice(0, style.indexOf("@media")).matchAll(/--([a-z]+(?:-\d)?): (#[0-9a-f]+)/g)].map(
    ([, name, colour]) => [name, colour],
  ),
);
const coloured = (svg: string): string =>
  svg.replaceAll(/var\(--([a-z]+(?:-\d)?)\)/g, (text, name: string) => colours.get(name) ?? text);

/** A chart of the report as a file of its own, with its title and legend; undefined when there is nothing to draw. */
export function picture(chart: Chart): string | undefined {
  const svg = drawing(chart);
  if (svg === undefined) return undefined;
  const entries = [
    ...chart.series.map(({ name, tone, dashed }) => ({ name, tone, dash: dashed === true ? "6,4" : "none" })),
    ...(chart.levels ?? []).map(({ name }) => ({ name, tone: 0, dash: "2,3" })),
  ];
  const legend = entries.map(({ name, tone, dash }, at) => {
    const y = 46 + at * lineHeight;
    return html`<line x1="${margin}" x2="${margin + 24}" y1="${y - 4}" y2="${y - 4}" stroke="var(--tone-${tone})" stroke-width="2.2" stroke-dasharray="${dash}"/>
<text x="${margin + 32}" y="${y}" font-size="12">${name}</text>
`;
  });
  const top = 46 + entries.length * lineHeight - 4;
  const plot = svg
    .replace(
      /^<svg [^>]*>/,
      `<g transform="translate(${margin} ${top})" font-size="12" text-anchor="middle">`,
    )
    .replace(/<\/svg>$/, "</g>");
  const height = top + 280 + margin;
  const head = html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'Segoe UI', Helvetica, Arial, 'DejaVu Sans', sans-serif" color="var(--ink)" fill="var(--ink)">
<title>${chart.title}</title>
<desc>${chart.description}</desc>
<rect width="100%" height="100%" fill="var(--page)"/>
<text x="${margin}" y="24" font-size="14" font-weight="600">${chart.title}</text>
${legend}`;
  return `${coloured(`${head.text}${plot}`)}\n</svg>\n`;
}
