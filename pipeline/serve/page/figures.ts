import type { Chart } from "../../../stages/sinks/report/chart.js";
import type { ChartSection } from "../../../stages/sinks/report/chartSections.js";
import { described, legend, saveButtons, valueTable } from "../../../stages/sinks/report/figure.js";
import { Html, html } from "../../../stages/sinks/report/html.js";
import { lastX, plotted } from "../../../stages/sinks/report/plotted.js";
import { arrange, made, show } from "./dom.js";

/** One figure that stays while its chart changes. */
class Figure {
  readonly element = made("figure");
  readonly #caption = made("figcaption");
  readonly #legend = made("div");
  readonly #drawing = made("div", { class: "drawing" });
  readonly #values = made("details", { class: "values" });
  readonly #summary = made("summary");
  readonly #table = made("div");
  readonly #save = made("div");
  #chart: Chart | undefined;
  #text = "";

  constructor() {
    this.#values.append(this.#summary, this.#table);
    this.#values.addEventListener("toggle", () => this.#showValues());
    this.element.append(this.#caption, this.#legend, this.#drawing, this.#values, this.#save);
  }

  /** Draws the chart, unless it is the one that is there; says whether there is anything to see. */
  draw(chart: Chart): boolean {
    const text = JSON.stringify(chart);
    if (text === this.#text) return this.element.dataset.key !== undefined;
    this.#text = text;
    const svg = plotted(chart, document);
    if (svg === undefined) return false;
    this.#chart = chart;
    this.element.dataset.key = chart.key;
    this.element.classList.toggle("cut", chart.cut === true);
    this.element.dataset.last = String(lastX(chart));
    show(this.#caption, chart.title);
    show(this.#legend, legend(chart));
    show(this.#drawing, described(svg, chart));
    show(this.#save, saveButtons(chart));
    this.#showValues();
    return true;
  }

  #showValues(): void {
    if (this.#chart === undefined) return;
    const { note, table } = valueTable(this.#chart);
    show(this.#summary, `Values${note}`);
    if (this.#values.open) show(this.#table, table);
  }
}

/** Sections of charts that stay in place while their numbers change. */
export class Figures {
  readonly element = made("div");
  readonly #sections = new Map<
    string,
    { readonly element: HTMLElement; readonly note: Element; readonly grid: Element }
  >();
  readonly #figures = new Map<string, Figure>();

  /** `extras` are put into a section between its words and its charts. */
  show(
    sections: readonly ChartSection[],
    extras: (section: ChartSection) => Element | undefined = () => undefined,
  ): void {
    const elements = sections.flatMap((section) => {
      const figures = section.charts.flatMap((chart) => {
        const figure = this.#figures.get(chart.key) ?? new Figure();
        this.#figures.set(chart.key, figure);
        return figure.draw(chart) ? [figure.element] : [];
      });
      if (figures.length === 0) return [];
      const { element, note, grid } = this.#section(section.title);
      show(note, section.introduction ?? new Html(""));
      const extra = extras(section);
      arrange(element, [element.firstElementChild!, note, ...(extra === undefined ? [] : [extra]), grid]);
      arrange(grid, figures);
      return [element];
    });
    arrange(this.element, elements);
  }

  #section(title: string) {
    const known = this.#sections.get(title);
    if (known !== undefined) return known;
    const element = made("section");
    element.innerHTML = html`<h2>${title}</h2>`.text;
    const section = { element, note: made("div"), grid: made("div", { class: "figures" }) };
    this.#sections.set(title, section);
    return section;
  }
}
