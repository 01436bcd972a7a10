import type { ServerResponse } from "node:http";

/** Bytes that wait for a listener that reads slowly; with more than that behind it is let go. */
const mostWaiting = 16 * 1024 * 1024;

/** Who reads a table over HTTP. The bytes it is given are shared with other listeners and are not copied. */
export class Listener {
  readonly #response: ServerResponse;
  readonly #lost: (reason: string) => void;

  constructor(response: ServerResponse, lost: (reason: string) => void) {
    this.#response = response;
    this.#lost = lost;
  }

  get isOpen(): boolean {
    return !this.#response.destroyed && !this.#response.writableEnded;
  }

  /** Sends bytes, or cuts the connection: training never waits for a listener. What is sent at once may be larger than what may wait. */
  write(bytes: Uint8Array): void {
    if (!this.isOpen || bytes.length === 0) return;
    if (this.#response.writableLength > mostWaiting) {
      this.#lost(`${this.#response.writableLength} bytes wait to be read`);
      this.#response.destroy();
      return;
    }
    this.#response.write(bytes);
  }

  /** Sends the last bytes, however many wait: nothing comes after them. */
  end(bytes: Uint8Array): void {
    if (this.isOpen) this.#response.end(bytes);
  }
}
