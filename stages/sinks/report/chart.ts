import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { numberText } from "../numberText.js";
import { groupBy } from "../rows.js";
import { Html, html } from "./html.js";
import { ascending } from "./tables.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  readonly name: string;
  /** 1 … 6: a colour of the style sheet that differs in light and dark; 0 is grey. */
  readonly tone: 0 | 1 | 2 | 3 | 4 | 5 | 6;
  readonly dashed?: boolean;
  /** Series of one group have one entry in the legend, under this name. */
  readonly group?: string;
  readonly points: readonly Point[];
}

/** A line chart, told apart from others of its page by its key. */
export interface Chart {
  readonly key: string;
  readonly title: string;
  /** What is to be seen, for readers who do not see it. */
  readonly description: string;
  readonly x: {
    readonly label: string;
    readonly epochs: boolean;
    /** Instead of one that fits epochs, or an index from 1. */
    readonly domain?: readonly [number, number];
  };
  readonly y: {
    readonly label: string;
    readonly logarithmic?: boolean;
    readonly digits?: number;
  };
  readonly series: readonly Series[];
  /** Vertical lines with a word at them. */
  readonly rules?: readonly { readonly x: number; readonly text: string }[];
  /** Horizontal lines, named in the legend. */
  readonly levels?: readonly { readonly y: number; readonly name: string }[];
  /** Points to stand out. */
  readonly marks?: readonly (Point & { readonly tone: Series["tone"]; readonly text: string })[];
}

const width = 440;
const height = 280;
const margins = { marginLeft: 48, marginRight: 18, marginTop: 26, marginBottom: 38 };
/** Beyond this many epochs the first ones, where most happens, get half of the width. */
const manyEpochs = 20;
const valuesShown = 200;
/** Lines with more points cross often and are drawn thinner. */
const manyPoints = 60;

const colour = (tone: Series["tone"]) => `var(--tone-${tone})`;

/** Beyond, the distance of two numbers can overflow or vanish, and ticks between them would never end. */
const largest = 1e150;

const drawable = (value: number) =>
  Math.abs(value) < largest && (value === 0 || Math.abs(value) > 1 / largest);

function shownPoints(chart: Chart, series: Series): readonly Point[] {
  return series.points
    .filter(({ x, y }) => drawable(x) && drawable(y) && (chart.y.logarithmic !== true || y > 0))
    .toSorted((left, right) => left.x - right.x);
}

/** 0, 1, 2, 5, 10, … and the last, without neighbours that would touch. */
function epochTicks(last: number): readonly number[] {
  const ticks = [0];
  for (let decade = 1; decade <= last; decade *= 10) {
    for (const tick of [decade, 2 * decade, 5 * decade]) if (tick <= last / 1.6) ticks.push(tick);
  }
  return [...ticks, last];
}

function xScale(chart: Chart, last: number): Plot.ScaleOptions {
  if (chart.x.domain !== undefined) return { label: chart.x.label, domain: chart.x.domain, ticks: 5 };
  if (!chart.x.epochs) return { label: chart.x.label, domain: [1, Math.max(2, last)], tickFormat: ",~f" };
  if (last <= manyEpochs) {
    return {
      label: chart.x.label,
      domain: [0, Math.max(1, last)],
      ticks: Math.min(6, Math.max(1, Math.floor(last))),
    };
  }
  return {
    label: chart.x.label,
    type: "symlog",
    constant: 1,
    domain: [0, last],
    ticks: [...epochTicks(last)],
    tickFormat: (value: number) => numberText(value),
  };
}

function yScale(chart: Chart, values: readonly number[]): Plot.ScaleOptions {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (chart.y.logarithmic === true) {
    const domain = low === high ? [low / 2, high * 2] : [low, high];
    return {
      label: chart.y.label,
      type: "log",
      domain,
      ticks: logTicks(domain[0], domain[1]),
      tickFormat: shortNumber,
      nice: false,
    };
  }
  const from = Math.min(0, low);
  return {
    label: chart.y.label,
    domain: [from, high > from ? high : from + 1],
    nice: true,
    ticks: 6,
    grid: true,
  };
}

const shortNumber = (value: number) => numberText(value, 1);

/** Powers of ten, with 2 and 5 times them where there are few. */
function logTicks(low: number, high: number): number[] {
  const decades = Math.log10(high / low);
  const steps = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) {
      const tick = Number(`${step}e${power}`);
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}

/** The SVG alone, drawn without a browser, in the colours of a style sheet; undefined when there is nothing to draw. */
export function drawing(chart: Chart): string | undefined {
  const lines = chart.series.map((series) => ({ series, points: shownPoints(chart, series) }));
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return undefined;
  const levels = chart.levels ?? [];
  const rules = chart.rules ?? [];
  const last = Math.max(...points.map((point) => point.x), ...rules.map((rule) => rule.x));
  const heights = [...points.map((point) => point.y), ...levels.map((level) => level.y)];
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const marks: Plot.Markish[] = [
    chart.y.logarithmic === true
      ? Plot.gridY(logTicks(Math.min(...heights), Math.max(...heights)), { strokeOpacity: 0.12 })
      : undefined,
    Plot.ruleX(rules, { x: "x", stroke: "currentColor", strokeOpacity: 0.45, strokeDasharray: "1,3" }),
    Plot.text(rules, {
      x: "x",
      text: "text",
      frameAnchor: "top",
      textAnchor: (rules[0]?.x ?? 0) > last * 0.6 && !chart.x.epochs ? "end" : "start",
      dx: (rules[0]?.x ?? 0) > last * 0.6 && !chart.x.epochs ? -5 : 5,
      dy: -2,
      fill: "currentColor",
    }),
    Plot.ruleY(levels, { y: "y", stroke: colour(0), strokeDasharray: "2,3", strokeWidth: 1.5 }),
    ...lines.map(({ series, points }) =>
      Plot.line(points, {
        x: "x",
        y: "y",
        stroke: colour(series.tone),
        strokeWidth: series.tone === 0 ? 1 : points.length > manyPoints ? 1.3 : 2,
        ...(series.dashed === true ? { strokeDasharray: "6,4" } : {}),
      }),
    ),
    ...lines
      .filter(({ points }) => points.length <= 12)
      .map(({ series, points }) => Plot.dot(points, { x: "x", y: "y", r: 2.6, fill: colour(series.tone) })),
    ...(chart.marks ?? []).flatMap((mark) => [
      Plot.dot([mark], {
        x: "x",
        y: "y",
        r: 4.5,
        fill: "var(--page)",
        stroke: colour(mark.tone),
        strokeWidth: 2.2,
      }),
      Plot.text([mark], {
        x: "x",
        y: "y",
        text: "text",
        dy: 15,
        dx: 4,
        textAnchor: "start",
        fill: "currentColor",
        fontWeight: 600,
      }),
    ]),
  ];
  const plot = Plot.plot({
    document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
    width,
    height,
    ...margins,
    className: "plot",
    style: { fontSize: "12px" },
    x: xScale(chart, last),
    y: yScale(chart, heights),
    marks,
  }) as unknown as { readonly outerHTML: string };
  return plot.outerHTML;
}

/** Gives the SVG a name and a description, and takes its style sheet out: the page has one for all. */
function described(svg: string, chart: Chart): Html {
  const key = encodeURIComponent(chart.key);
  const names = html`<title id="${key}-title">${chart.title}</title><desc id="${key}-text">${chart.description}</desc>`;
  const begin = html`<svg role="img" aria-labelledby="${key}-title ${key}-text" `;
  return new Html(svg.replace(/<style>[^<]*<\/style>/, () => names.text).replace("<svg ", () => begin.text));
}

function swatch(tone: Series["tone"], dash: string | undefined): Html {
  const dashes = dash === undefined ? undefined : html` stroke-dasharray="${dash}"`;
  return html`<svg class="swatch" width="26" height="10" aria-hidden="true"><line x1="1" x2="25" y1="5" y2="5" stroke="${colour(tone)}" stroke-width="2.2"${dashes}/></svg>`;
}

function legend(chart: Chart): Html {
  const entries = [...groupBy(chart.series, (series) => series.group ?? series.name)].map(
    ([name, [series]]) => ({ name, tone: series.tone, dash: series.dashed === true ? "6,4" : undefined }),
  );
  const levels = (chart.levels ?? []).map(({ name }) => ({ name, tone: 0 as const, dash: "2,3" }));
  const items = [...entries, ...levels].map(
    ({ name, tone, dash }) => html`<li>${swatch(tone, dash)} ${name}</li>`,
  );
  return html`<ul class="legend">${items}</ul>`;
}

/** The numbers behind the lines; long ones are thinned evenly, first and last kept. */
function values(chart: Chart): Html {
  const all = ascending(chart.series.flatMap((series) => series.points.map((point) => point.x)));
  const stride = Math.ceil(all.length / valuesShown);
  const shown = all.filter((_, at) => at % stride === 0 || at === all.length - 1);
  const columns = chart.series.map((series) => new Map(series.points.map(({ x, y }) => [x, y])));
  const note = shown.length < all.length ? `, ${shown.length} of ${all.length} rows` : "";
  return html`<details class="values"><summary>Values${note}</summary><div class="scroll" tabindex="0"><table>
<caption class="unseen">${chart.title}</caption>
<thead><tr><th scope="col">${chart.x.label}</th>${chart.series.map((series) => html`<th scope="col">${series.name}</th>`)}</tr></thead>
<tbody>
${shown.map(
  (
    x,
  ) => html`<tr><th scope="row">${numberText(x)}</th>${columns.map((column) => html`<td>${numberText(column.get(x), chart.y.digits ?? 3)}</td>`)}</tr>
`,
)}</tbody></table></div></details>`;
}

/** A figure with its chart, legend and values; undefined when no series has a point to show. */
export function figure(chart: Chart): Html | undefined {
  const svg = drawing(chart);
  if (svg === undefined) return undefined;
  return html`<figure>
<figcaption>${chart.title}</figcaption>
${legend(chart)}
${described(svg, chart)}
${values(chart)}
</figure>
`;
}
