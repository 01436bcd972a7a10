import type { ServerResponse } from "node:http";

/** Bytes that wait for a listener that reads slowly; with more than that behind it is let go. */
const mostWaiting = 16 * 1024 * 1024;

/**
 * Who reads a table over HTTP. The bytes it is given are shared with other listeners and are not copied; they wait here and
 * not in the response, which takes milliseconds to give up thousands of writes when its connection is cut.
 */
export class Listener {
  readonly #response: ServerResponse;
  readonly #lost: (reason: string) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #isEnded = false;

  constructor(response: ServerResponse, lost: (reason: string) => void) {
    this.#response = response;
    this.#lost = lost;
    response.on("drain", () => this.#pass());
  }

  get isOpen(): boolean {
    return !this.#isEnded && !this.#response.destroyed;
  }

  /** Sends bytes, or cuts the connection: training never waits for a listener. What is sent at once may be larger than what may wait. */
  write(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    const behind = this.#waitingBytes + this.#response.writableLength;
    if (behind > mostWaiting) {
      this.#lost(`${behind} bytes wait to be read`);
      this.#waiting = [];
      this.#response.destroy();
      return;
    }
    this.#put(bytes);
  }

  /** Sends the last bytes, however many wait: nothing comes after them. */
  end(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#isEnded = true;
    this.#put(bytes);
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#pass();
  }

  /** Gives the response what it has room for. */
  #pass(): void {
    let count = 0;
    while (count < this.#waiting.length && !this.#response.writableNeedDrain) {
      const bytes = this.#waiting[count];
      this.#waitingBytes -= bytes.length;
      this.#response.write(bytes);
      count += 1;
    }
    this.#waiting.splice(0, count);
    if (this.#isEnded && this.#waiting.length === 0) this.#response.end();
  }
}
