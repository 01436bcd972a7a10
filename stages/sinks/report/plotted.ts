import * as Plot from "@observablehq/plot";
import { extent } from "../extent.js";
import { numberText } from "../numberText.js";
import type { Chart, Point, Series } from "./chart.js";

const width = 440;
const height = 280;
const margins = { marginLeft: 48, marginRight: 18, marginTop: 26, marginBottom: 38 };
/** Beyond this many epochs the first ones, where most happens, get half of the width. */
const manyEpochs = 20;
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

/** Whether an x is in the right part of its chart. */
function isLate(chart: Chart, x: number, last: number): boolean {
  const along = chart.x.epochs && last > manyEpochs ? Math.log1p : (value: number) => value;
  return along(x) > 0.6 * along(last);
}

function yScale(chart: Chart, values: readonly number[]): Plot.ScaleOptions {
  const [low, high] = extent(values);
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

/** What Plot draws with: a browser's document, or one made for a program. */
export type PlotDocument = NonNullable<Plot.PlotOptions["document"]>;

/**
 * The SVG of a chart as text, in the colours of the style sheet and without one of its own; undefined when there is
 * nothing to draw.
 */
export function plotted(chart: Chart, document: PlotDocument): string | undefined {
  const lines = chart.series.map((series) => ({ series, points: shownPoints(chart, series) }));
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return undefined;
  const levels = chart.levels ?? [];
  const rules = chart.rules ?? [];
  const last = lastX(chart);
  const heights = [...points.map((point) => point.y), ...levels.map((level) => level.y)];
  const marks: Plot.Markish[] = [
    chart.y.logarithmic === true
      ? Plot.gridY(logTicks(...extent(heights)), { strokeOpacity: 0.12 })
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
        // Towards the middle, so that it ends within the picture.
        ...(isLate(chart, mark.x, last) ? { dx: -4, textAnchor: "end" } : { dx: 4, textAnchor: "start" }),
        fill: "currentColor",
        fontWeight: 600,
      }),
    ]),
  ];
  const plot = Plot.plot({
    document,
    width,
    height,
    ...margins,
    className: "plot",
    x: xScale(chart, last),
    y: yScale(chart, heights),
    marks,
  }) as unknown as { readonly outerHTML: string };
  // Plot labels its groups, which have no role: the picture as a whole has a name and a description instead.
  return plot.outerHTML.replace(/<style>[^<]*<\/style>/, "").replaceAll(/ aria-label="[^"]*"/g, "");
}

/** Where the x of a chart ends: at its last point or rule; −∞ where it has none. */
export function lastX(chart: Chart): number {
  const points = chart.series.flatMap((series) => shownPoints(chart, series));
  return extent([...points, ...(chart.rules ?? [])].map(({ x }) => x))[1];
}

/** The index at a horizontal place of a chart whose x is an index from 1 to `last`; may lie beyond either. */
export function indexAt(x: number, last: number): number {
  const { marginLeft, marginRight } = margins;
  return 1 + ((x - marginLeft) / (width - marginLeft - marginRight)) * (Math.max(2, last) - 1);
}
