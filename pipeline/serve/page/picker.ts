import type { ListedRun } from "../protocol.js";
import { arrange, made, show } from "./dom.js";

/** Runs that can be shown at a time: beyond, nobody tells their curves apart. */
export const mostShown = 12;
/** Runs that can be followed at a time: a browser gives a page six connections to a server, and one is for the list. */
export const mostFollowed = 5;

/** The list of runs, from which the reader chooses one or several. */
export class Picker {
  readonly element = made("fieldset", { class: "runs" });
  readonly #rows = new Map<
    string,
    { readonly row: HTMLLabelElement; readonly box: HTMLInputElement; readonly text: Element }
  >();
  readonly #list = made("div", {
    class: "run-list",
    tabindex: "0",
    role: "group",
    "aria-label": "Runs to show",
  });
  readonly #chosen: (ids: readonly string[]) => void;

  /** `chosen` is called with the ids that are ticked when the reader changes them. */
  constructor(chosen: (ids: readonly string[]) => void) {
    this.#chosen = chosen;
    const most = `Choose one, or up to ${mostShown} to compare, ${mostFollowed} of them still running.`;
    const hint = made("p", { class: "note" }, most);
    this.element.append(made("legend", {}, "Runs"), hint, this.#list);
    this.#list.addEventListener("change", () => this.#tell());
  }

  /** Shows the list with these ticked. */
  update(runs: readonly ListedRun[], ticked: readonly string[]): void {
    const followed = runs.filter(({ id, state }) => state === "running" && ticked.includes(id)).length;
    const rows = runs.map((run) => {
      const known = this.#rows.get(run.id) ?? this.#make(run.id);
      show(known.text, textOf(run));
      known.box.checked = ticked.includes(run.id);
      const isFull = ticked.length >= mostShown || (run.state === "running" && followed >= mostFollowed);
      known.box.disabled = !known.box.checked && isFull;
      known.row.className = run.state;
      return known.row;
    });
    arrange(this.#list, rows);
    this.element.hidden = runs.length === 0;
  }

  #make(id: string) {
    const box = made("input", { type: "checkbox", value: id });
    const text = made("span");
    const row = made("label", {}, box, text);
    const known = { row, box, text };
    this.#rows.set(id, known);
    return known;
  }

  #tell(): void {
    const boxes = [...this.#list.querySelectorAll("input")];
    this.#chosen(boxes.filter(({ checked }) => checked).map(({ value }) => value));
  }
}

function textOf({ id, name, state, seed }: ListedRun): string {
  const own = id.includes(name) ? id : `${name} (${id})`;
  return `${own} · ${state === "cancelled" ? "stopped" : state}${seed === null ? "" : ` · seed ${seed}`}`;
}
