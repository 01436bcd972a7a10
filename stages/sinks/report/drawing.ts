import { parseHTML } from "linkedom";
import type { Chart } from "./chart.js";
import { type PlotDocument, plotted } from "./plotted.js";

/** The SVG of a chart, drawn without a browser; undefined when there is nothing to draw. */
export function drawing(chart: Chart): string | undefined {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return plotted(chart, document as unknown as PlotDocument);
}
