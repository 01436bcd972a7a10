import { missing, numberText } from "../../../stages/sinks/numberText.js";
import type { Chart } from "../../../stages/sinks/report/chart.js";
import type { ChartSection } from "../../../stages/sinks/report/chartSections.js";
import { type CuttableTables, cutAt, cutRange } from "../../../stages/sinks/report/cut.js";
import { indexAt, lastX } from "../../../stages/sinks/report/plotted.js";
import { groupBy } from "../../../stages/sinks/rows.js";
import type { EdgeNow } from "../protocol.js";
import { made, show } from "./dom.js";

/**
 * Where the information space ends, for the reader to choose: with a slider, which keys move too, or by dragging in a chart
 * of singular values.
 */
export class CutControl {
  readonly element = made("div", { class: "cut-control" });
  readonly #slider = made("input", { type: "range", min: "1", step: "1", id: "cut" });
  readonly #told = made("output", { for: "cut" });
  readonly #back = made("button", { type: "button" }, "As the run has it");
  readonly #note = made("p", { class: "note" });
  #chosen: number | undefined;
  readonly #moved: () => void;

  /** `moved` is called when the reader moves the cut. */
  constructor(moved: () => void) {
    this.#moved = moved;
    const label = made(
      "label",
      { for: "cut" },
      "Cut-off: the information space has the directions up to rank",
    );
    this.element.append(label, this.#slider, this.#told, this.#back, this.#note);
    this.#slider.addEventListener("input", () => this.#choose(Number(this.#slider.value)));
    this.#back.addEventListener("click", () => this.#choose(undefined));
  }

  /** The rank chosen; undefined while it is the run's own. */
  get rank(): number | undefined {
    return this.#chosen;
  }

  /** Shows the cut in the words of these tables. */
  update(tables: CuttableTables): void {
    const range = cutRange(tables);
    this.element.hidden = range === undefined;
    if (range === undefined) return;
    const rank = Math.min(this.#chosen ?? range.usual, range.largest);
    this.#slider.max = String(range.largest);
    this.#slider.value = String(rank);
    const text = `rank ${rank}, ${sigmasText(tables, rank)}`;
    show(this.#told, text);
    this.#slider.setAttribute("aria-valuetext", text);
    // Not `disabled`: who presses it with a key would lose the place.
    this.#back.setAttribute("aria-disabled", String(this.#chosen === undefined));
    show(
      this.#note,
      tables.directions.length > 0
        ? "Drag it here or in the charts below: the headline table and all charts of projections follow."
        : "The projections do not follow: no table of directions is kept of this run yet.",
    );
  }

  /** The tables cut where the reader wants it. `edges` tell on whose basis a stage projects. */
  cut(tables: CuttableTables, edges: readonly EdgeNow[]): CuttableTables {
    if (this.#chosen === undefined) return tables;
    const bases = edges.filter(({ table }) => table === "basis");
    return cutAt(tables, this.#chosen, new Map(bases.map(({ from, to }) => [to.stage, from.stage])));
  }

  /** The sections with the cut drawn into the charts it can be moved in. */
  drawn(sections: readonly ChartSection[]): readonly ChartSection[] {
    const rank = this.#chosen;
    if (rank === undefined) return sections;
    return sections.map((section) => ({
      ...section,
      charts: section.charts.map((chart) => (chart.cut === true ? cutIn(chart, rank) : chart)),
    }));
  }

  /** Lets the cut be dragged in the charts within an element that are marked with it. */
  listen(charts: Element): void {
    let dragging: SVGSVGElement | undefined;
    const move = (event: PointerEvent, svg: SVGSVGElement) => {
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
      // The chart may have more indices than ranks can be chosen, or fewer.
      const last = Number(svg.closest<HTMLElement>("figure")?.dataset.last);
      const most = Math.min(Number(this.#slider.max), last);
      this.#choose(Math.min(most, Math.max(1, Math.round(indexAt(x, last)))));
    };
    charts.addEventListener("pointerdown", (event) => {
      const { target } = event;
      if (!(event instanceof PointerEvent) || !(target instanceof Element)) return;
      const svg = target.closest<SVGSVGElement>("figure.cut svg[role=img]");
      const drawing = svg?.parentElement;
      if (svg === null || drawing == null || event.button !== 0) return;
      dragging = svg;
      // The drawing is made anew while it is dragged in; what holds it stays.
      drawing.setPointerCapture(event.pointerId);
      move(event, svg);
      event.preventDefault();
    });
    charts.addEventListener("pointermove", (event) => {
      if (dragging === undefined || !(event instanceof PointerEvent)) return;
      const holder = (event.target as Element).closest(".drawing") ?? dragging.parentElement;
      const svg = holder?.querySelector<SVGSVGElement>("svg[role=img]");
      if (svg != null) move(event, svg);
    });
    const end = () => {
      dragging = undefined;
    };
    charts.addEventListener("pointerup", end);
    charts.addEventListener("pointercancel", end);
  }

  #choose(rank: number | undefined): void {
    if (this.#chosen === rank) return;
    this.#chosen = rank;
    this.#moved();
  }
}

/** The singular value at a rank at first and at last, of each stage that takes them. */
function sigmasText({ spectrum }: CuttableTables, rank: number): string {
  const values = spectrum.filter(({ index, split }) => index === rank && split === "train");
  const stages = [...groupBy(values, ({ stage }) => stage)];
  const texts = stages.map(([stage, own]) => {
    const sigmas = [...new Set([own[0], own.at(-1)])].map((row) => numberText(row?.singular_value));
    const course = `σ = ${sigmas.join(" at first, ")}${sigmas.length > 1 ? " at last" : ""}`;
    return stages.length > 1 ? `${stage}: ${course}` : course;
  });
  return texts.length === 0 ? `σ = ${missing}` : texts.join("; ");
}

/** A chart with the cut at this rank; where it has no such index all of it is on one side, and no line is drawn. */
function cutIn({ rules: _, ...chart }: Chart, rank: number): Chart {
  return { ...chart, rules: rank > lastX(chart) ? [] : [{ x: rank, text: `rank ${rank}` }] };
}
