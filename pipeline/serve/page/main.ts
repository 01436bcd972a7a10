import { readNumbers } from "../numbers.js";
import type { ListedRun } from "../protocol.js";
import { CompareView } from "./compareView.js";
import { Connection } from "./connection.js";
import { arrange, made, show } from "./dom.js";
import { mostFollowed, mostShown, Picker } from "./picker.js";
import type { RunData } from "./runData.js";
import { RunView } from "./runView.js";

const listEvery = 3000;
/** A picture takes some milliseconds to draw, an eye longer to read. */
const drawEvery = 300;

const asItWas = "What is shown is as it was. Trying again.";
const noAnswer = `The server does not answer. ${asItWas}`;

/** The page: which runs there are, which are open, and what is shown of them. */
class Page {
  readonly #picker = new Picker((ids) => this.#choose(ids));
  readonly #main = document.querySelector<HTMLElement>("#run")!;
  readonly #status = document.querySelector("#connection")!;
  readonly #compare = new CompareView();
  readonly #views = new Map<string, RunView>();
  readonly #open = new Map<string, Connection>();
  readonly #empty = made("p", {}, "There is no run here yet. This page waits for one.");
  #listed: readonly ListedRun[] = [];
  /** Why there is no newer list; empty while there is. */
  #unheard = "";
  #drawing: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    document.querySelector("#runs")!.append(this.#picker.element);
    document.querySelector(".skip")!.addEventListener("click", (event) => {
      // Not by the address: it names the runs that are shown.
      event.preventDefault();
      this.#main.focus();
    });
    addEventListener("hashchange", () => this.#openChosen());
    void this.#list();
  }

  async #list(): Promise<void> {
    try {
      const answer = await fetch("/runs");
      const text = await answer.text();
      if (answer.ok) this.#listed = readNumbers(text) as readonly ListedRun[];
      this.#unheard = answer.ok ? "" : `The server refuses: ${text.trim()}. ${asItWas}`;
    } catch {
      this.#unheard = noAnswer;
    }
    this.#openChosen();
    setTimeout(() => void this.#list(), listEvery);
  }

  /** The runs the address names, else the first one that runs, else the newest. */
  get #ids(): readonly string[] {
    const named = new URLSearchParams(location.hash.slice(1)).getAll("run").filter((id) => id !== "");
    if (named.length > 0) return named.slice(0, mostShown);
    const first = this.#listed.find(({ state }) => state === "running") ?? this.#listed[0];
    // What was opened without a choice stays until there is one.
    const [opened] = this.#open.keys();
    return opened === undefined ? (first === undefined ? [] : [first.id]) : [opened];
  }

  #choose(ids: readonly string[]): void {
    const query = new URLSearchParams(ids.map((id) => ["run", id]));
    location.hash = ids.length === 0 ? "" : String(query);
  }

  #openChosen(): void {
    const ids = this.#ids;
    for (const [id, connection] of this.#open) {
      if (ids.includes(id)) continue;
      connection.close();
      this.#open.delete(id);
      this.#views.delete(id);
    }
    this.#follow(ids);
    this.#picker.update(this.#listed, ids);
    this.#drawSoon();
  }

  /** Connects to as many of these as there is room for; those that are over come first, for they are told soon. */
  #follow(ids: readonly string[]): void {
    const isRunning = (id: string) => this.#listed.some((run) => run.id === id && run.state === "running");
    const held = [...this.#open.values()].filter(({ contact }) => contact !== "over").length;
    let room = mostFollowed - held;
    for (const id of [...ids].sort((left, right) => Number(isRunning(left)) - Number(isRunning(right)))) {
      const open = this.#open.get(id);
      // A run that was over goes on: somebody resumed it.
      const waits = open === undefined || (open.contact === "over" && isRunning(id));
      if (!waits || room <= 0) continue;
      room -= 1;
      if (open === undefined) this.#open.set(id, new Connection(id, () => this.#drawSoon()));
      else open.resume();
    }
  }

  #drawSoon(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = undefined;
      this.#draw();
    }, drawEvery);
  }

  #draw(): void {
    const ids = this.#ids;
    this.#follow(ids);
    show(this.#status, this.#contact(ids.length - this.#open.size));
    const runs = ids
      .map((id) => this.#open.get(id)?.data)
      .filter((data): data is RunData => data?.head !== undefined);
    document.title = runs.length === 1 ? `${runs[0].head?.name} · jacoflow` : "jacoflow";
    const shown = this.#shown(runs);
    if (shown !== undefined) arrange(this.#main, [shown]);
  }

  /** What to show of these runs; undefined while there is only a part of them, which would look like a run gone wrong. */
  #shown(runs: readonly RunData[]): Element | undefined {
    if (this.#open.size === 0) return this.#empty;
    if (runs.length === 0 || runs.some(({ more }) => more)) return undefined;
    if (this.#open.size > 1) {
      this.#compare.update(runs);
      return this.#compare.element;
    }
    const [id] = this.#open.keys();
    const view = this.#views.get(id) ?? new RunView();
    this.#views.set(id, view);
    view.update(runs[0]);
    return view.element;
  }

  /** How the page stands with the server; `waiting` runs are not followed for want of room. */
  #contact(waiting: number): string {
    if (this.#unheard !== "") return this.#unheard;
    const contacts = [...this.#open.values()].map(({ contact }) => contact);
    const lost = [...this.#open].filter(([, { contact }]) => contact === "lost").map(([id]) => id);
    const gone = lost.filter((id) => !this.#listed.some((run) => run.id === id));
    if (gone.length > 0) return `Not in the folder of runs: ${gone.join(", ")}. ${asItWas}`;
    if (lost.length > 0) return noAnswer;
    if (contacts.includes("connecting")) return "Connecting.";
    const running = contacts.filter((contact) => contact === "connected").length;
    if (waiting > 0) return `Live, ${running} runs; ${waiting} more when one of them is over.`;
    if (running === 0) return contacts.length === 0 ? "Waiting for a run." : "All of it is here.";
    return running === 1 ? "Live." : `Live, ${running} runs.`;
  }
}

new Page().start();
