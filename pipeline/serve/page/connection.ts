import { readNumbers } from "../numbers.js";
import type { RunChange } from "../protocol.js";
import { changed, noData, type RunData } from "./runData.js";

/** How the page stands with the server, for one run. `over`: all was told. */
export type Contact = "connecting" | "connected" | "lost" | "over";

/** Silence longer than this means that the line is dead, though nobody said so; the server speaks every 15 s. */
const longestSilence = 40_000;

/**
 * Follows one run: the browser connects again by itself, telling the server the last event it had. Where it gives up,
 * because an answer was refused, this tries anew.
 */
export class Connection {
  #data: RunData = noData;
  #contact: Contact = "connecting";
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #address: string;
  readonly #heard: () => void;

  /** `heard` is called whenever data or contact changed. */
  constructor(id: string, heard: () => void) {
    this.#address = `/runs/${encodeURIComponent(id)}/events`;
    this.#heard = heard;
    this.#connect();
  }

  get data(): RunData {
    return this.#data;
  }

  get contact(): Contact {
    return this.#contact;
  }

  /** Follows the run again after it was over. */
  resume(): void {
    if (this.#contact === "over") this.#connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#source?.close();
  }

  #connect(): void {
    const source = new EventSource(this.#address);
    this.#source = source;
    this.#expect();
    source.addEventListener("open", () => this.#is("connected"));
    source.addEventListener("change", ({ data }: MessageEvent<string>) => {
      this.#data = changed(this.#data, readNumbers(data) as RunChange);
      this.#contact = "connected";
      this.#expect();
      this.#heard();
    });
    source.addEventListener("end", () => {
      source.close();
      clearTimeout(this.#retry);
      this.#is("over");
    });
    source.addEventListener("error", () => {
      this.#is("lost");
      if (source.readyState === EventSource.CLOSED) this.#again(2000);
    });
  }

  /** Connects anew unless something is heard in time. */
  #expect(): void {
    this.#again(longestSilence);
  }

  #again(milliseconds: number): void {
    clearTimeout(this.#retry);
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#source?.close();
      this.#connect();
    }, milliseconds);
  }

  #is(contact: Contact): void {
    if (this.#closed || this.#contact === contact) return;
    this.#contact = contact;
    this.#heard();
  }
}
