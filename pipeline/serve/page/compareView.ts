import { type ComparedRun, compareSections, compareTable } from "../../../stages/sinks/report/compare.js";
import { made, show } from "./dom.js";
import { Figures } from "./figures.js";
import { factsOf, type RunData } from "./runData.js";

/** Several runs, a colour each. */
export class CompareView {
  readonly element = made("div");
  readonly #title = made("h1");
  readonly #table = made("div");
  readonly #figures = new Figures();

  constructor() {
    this.element.append(this.#title, this.#table, this.#figures.element);
  }

  update(runs: readonly RunData[]): void {
    const compared = runs.flatMap(({ head, tables }): ComparedRun[] =>
      head === undefined ? [] : [{ label: head.id, tables, run: factsOf(head) }],
    );
    show(this.#title, `${runs.length} runs side by side`);
    show(this.#table, compareTable(compared));
    this.#figures.show(compareSections(compared));
  }
}
