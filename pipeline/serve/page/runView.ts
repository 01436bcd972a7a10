import { numberText } from "../../../stages/sinks/numberText.js";
import { chartSections } from "../../../stages/sinks/report/chartSections.js";
import { findings } from "../../../stages/sinks/report/findings.js";
import { headline } from "../../../stages/sinks/report/headline.js";
import { headlineTable } from "../../../stages/sinks/report/headlineTable.js";
import { emphasised, Html, html } from "../../../stages/sinks/report/html.js";
import { groupBy } from "../../../stages/sinks/rows.js";
import type { RunHead, StageNow } from "../protocol.js";
import { CutControl } from "./cutControl.js";
import { made, show } from "./dom.js";
import { Figures } from "./figures.js";
import { edgeTable, graphPicture } from "./graph.js";
import { factsOf, type RunData } from "./runData.js";

/** One run: what its report shows, and how it goes. */
export class RunView {
  readonly element = made("div");
  readonly #title = made("header");
  readonly #stages = made("div", { class: "progress" });
  readonly #said = made("ul", { class: "findings" });
  readonly #headline = made("div");
  readonly #cut: CutControl;
  readonly #figures = new Figures();
  readonly #graph = made("div", {
    class: "scroll",
    tabindex: "0",
    role: "region",
    "aria-label": "The graph",
  });
  readonly #edges = made("div");
  readonly #log = made("ol", { class: "log" });
  #data: RunData | undefined;

  constructor() {
    this.#cut = new CutControl(() => this.#draw());
    this.#cut.listen(this.#figures.element);
    const graph = made("section", {}, made("h2", {}, "The graph and its edges"), this.#graph);
    graph.append(made("details", {}, made("summary", {}, "The edges as a table"), this.#edges));
    const about = { class: "log-box", tabindex: "0", role: "region", "aria-label": "Log, the newest first" };
    const newestFirst = made("div", about, this.#log);
    const log = made("section", {}, made("h2", {}, "Log"), newestFirst);
    this.element.append(this.#title, this.#stages, this.#said, this.#headline);
    this.element.append(this.#figures.element, graph, log);
  }

  update(data: RunData): void {
    this.#data = data;
    this.#draw();
  }

  #draw(): void {
    const data = this.#data;
    if (data?.head === undefined) return;
    const { head, stages, edges, log } = data;
    const run = factsOf(head);
    show(this.#title, titleOf(head));
    show(this.#stages, progressOf(stages));
    this.#stages.hidden = head.state !== "running";
    const tables = this.#cut.cut(data.tables, edges);
    const said = findings(tables, head.file);
    this.#said.hidden = said.length === 0;
    show(this.#said, html`${said.map((sentence) => html`<li>${emphasised(sentence)}</li>\n`)}`);
    show(this.#headline, headlines(tables, head));
    this.#cut.update(data.tables);
    let placed = false;
    this.#figures.show(this.#cut.drawn(chartSections(tables, run)), ({ charts }) => {
      if (placed || !charts.some((chart) => chart.cut === true)) return undefined;
      placed = true;
      return this.#cut.element;
    });
    show(this.#graph, graphPicture(head, stages, edges));
    show(this.#edges, edgeTable(edges));
    show(this.#log, logOf(log));
  }
}

const stateWords: Readonly<Record<RunHead["state"], string>> = {
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "stopped",
  lost: "gone: its process ended without saying how",
  unknown: "unknown",
};

function titleOf(head: RunHead): Html {
  const facts = [
    stateWords[head.state],
    `seed ${head.seed ?? "–"}`,
    head.engine,
    head.started === "" ? "" : `started ${head.started.slice(0, 16).replace("T", " ")} UTC`,
    head.seconds === null ? "" : `${numberText(head.seconds)} s`,
  ].filter((fact) => fact !== "");
  const error =
    head.error === null
      ? undefined
      : html`<p class="stopped"><strong>${head.error.code}</strong> ${head.error.message}</p>`;
  const unreadable = head.unreadable.map(
    (why) => html`<p class="stopped"><strong>Rows are missing here.</strong> ${why}</p>`,
  );
  return html`<h1>${head.name}</h1><p class="facts"><span class="state ${head.state}">${facts[0]}</span> · ${facts.slice(1).join(" · ")}</p>${error}${unreadable}`;
}

function progressOf(stages: readonly StageNow[]): Html {
  const going = stages.filter(({ state, total }) => state === "running" && total > 0);
  return html`${going.map(({ stage, done, total, unit, rate }) => {
    const left = rate > 0 ? `, ${numberText((total - done) / rate, 2)} s left` : "";
    const text = `${numberText(done)} of ${numberText(total)} ${unit}${rate > 0 ? `, ${numberText(rate, 2)}/s` : ""}${left}`;
    return html`<p><span>${stage}</span> <progress max="${total}" value="${Math.min(done, total)}" aria-label="${stage}"></progress> <span class="note">${text}</span></p>`;
  })}`;
}

function headlines(tables: RunData["tables"], head: RunHead): Html {
  const groups = [...groupBy(headline(tables, head.file), (row) => row.stage)];
  return html`${groups.map(
    ([stage, rows]) =>
      html`<section><h2>Labels and residual on both spaces: ${stage}</h2>${headlineTable(rows)}</section>`,
  )}`;
}

function logOf(log: RunData["log"]): Html {
  if (log.length === 0) return new Html("<li>nothing yet</li>");
  return html`${log
    .toReversed()
    .slice(0, 200)
    .map(
      ({ time, level, stage, message }) =>
        html`<li class="${level}"><time datetime="${time}">${time.slice(11, 19)}</time> ${level === "info" ? undefined : html`<strong>${level}</strong> `}${stage === "" ? undefined : html`<b>${stage}</b> `}${message}</li>\n`,
    )}`;
}
