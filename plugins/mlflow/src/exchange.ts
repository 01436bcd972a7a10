import { request as askPlainly } from "node:http";
import { request as askSecurely } from "node:https";

/** One question of a tracking server. */
export interface Question {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For the whole answer. */
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  /** Seconds that the server asks to be left alone for, by Retry-After; 0 when it does not. */
  readonly retryAfter: number;
}

/** What the longest answer of a tracking server is far below. */
const mostBytes = 2 ** 20;

/**
 * Asks and reads the answer to its end; redirections are answers like others, since an address elsewhere would get the
 * credentials too. Rejects when there is no whole answer in time, when the connection is cut, and as soon as the signal
 * aborts. Not by `fetch`: in Node 20 an answer that stops midway outlives its signal by five minutes.
 */
export function exchange(address: string, question: Question): Promise<Answered> {
  const { method, headers, body, milliseconds, signal } = question;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const ask = new URL(address).protocol === "https:" ? askSecurely : askPlainly;
    const asked = ask(address, { method, headers });
    const late = () => asked.destroy(new Error(`no whole answer in ${milliseconds / 1000} s`));
    const timer = setTimeout(late, milliseconds);
    const stop = () => asked.destroy(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    asked.on("close", () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    });
    asked.on("error", reject);
    asked.on("response", (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > mostBytes) asked.destroy(new Error(`an answer of more than ${mostBytes} bytes`));
      });
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString("utf8"),
          retryAfter: secondsIn(response.headers["retry-after"]),
        }),
      );
    });
    asked.end(body);
  });
}

/** Retry-After is a count of seconds or a date. */
function secondsIn(retryAfter = ""): number {
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Math.max(0, seconds || 0);
}
