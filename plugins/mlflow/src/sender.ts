import { setTimeout as pause } from "node:timers/promises";
import { JacoflowError } from "jacoflow";
import { type Server, UnableError } from "./server.js";
import type { Spool } from "./spool.js";

/** Seconds between tries while the server is away: doubled each time, up to the last. */
const firstPause = 0.5;
const longestPause = 30;
/** Longest that a server is left alone because it asks for it. */
const longestAsked = 300;
/** Seconds in which a request's numbers gather when few wait. */
const gathering = 0.1;

/** What a sender says while it works. */
export interface SenderEvents {
  /** The server has not answered; the next try is in so many seconds. */
  away(error: Error, seconds: number): void;
  /** It answers again. */
  back(): void;
  /** It said no: nothing more is sent. */
  refused(error: Error): void;
}

/** Whether a later try may succeed. */
export function isAway(error: unknown): boolean {
  return error instanceof JacoflowError && error.code === "MLFLOW_AWAY";
}

/** Seconds that the server asks to be left alone for. */
function secondsAsked(error: unknown): number {
  return error instanceof Error && error.cause instanceof UnableError ? error.cause.retryAfter : 0;
}

/**
 * Makes the run on the server, once: its experiment, itself, its parameters. Errors: MLFLOW_AWAY, MLFLOW_REFUSED,
 * MLFLOW_WRITE.
 */
async function begin(server: Server, spool: Spool): Promise<string> {
  const { run, experiment, name, start, tags, parameters, asked } = spool.state;
  let made = run;
  if (made === undefined) {
    const own = await server.experiment(experiment);
    // An answer that was never read does not make a second run.
    if (asked === true) made = await server.findRun(own, tags);
    else await spool.remember({ asked: true });
    made ??= await server.createRun(own, name, start, tags);
    await spool.remember({ run: made });
  }
  if (spool.state.described !== true) {
    if (Object.keys(parameters).length > 0) await server.logParameters(made, parameters);
    await spool.remember({ described: true });
  }
  return made;
}

/**
 * Sends what waits, request by request until `isEnough` says so, and ends the run on the server when it has ended here.
 * Errors as for `begin`.
 */
export async function sendWaiting(server: Server, spool: Spool, isEnough = () => false): Promise<void> {
  const run = await begin(server, spool);
  while (spool.waitingBytes > 0) {
    const { metrics, end } = await spool.next(server.metricsTogether);
    if (metrics.length > 0) await server.logMetrics(run, metrics);
    await spool.remember({ sentBytes: end });
    if (isEnough()) break;
  }
  const { end } = spool.state;
  if (end === undefined) return;
  await server.endRun(run, end.status, end.time);
  await spool.remember({ ended: true });
}

/**
 * Sends from the spool in the background, beside the run and never in its way. While the server is away it tries again
 * and again, ever less often; once the server refuses, it stops.
 */
export class Sender {
  readonly #server: Server;
  readonly #spool: Spool;
  readonly #events: SenderEvents;
  readonly #signal: AbortSignal;
  #sending: Promise<void> | undefined;
  #again = false;
  #refused = false;

  constructor(server: Server, spool: Spool, events: SenderEvents, signal: AbortSignal) {
    this.#server = server;
    this.#spool = spool;
    this.#events = events;
    this.#signal = signal;
    spool.onWritten(() => this.wake());
  }

  /** Says that there is more to send. */
  wake(): void {
    this.#again = true;
    if (this.#refused || this.#signal.aborted) return;
    this.#sending ??= this.#work().finally(() => {
      this.#sending = undefined;
      // Said after the last look.
      if (this.#again) this.wake();
    });
  }

  /** Resolves when everything was sent, was refused, or the signal has aborted. */
  async settled(): Promise<void> {
    this.wake();
    while (this.#sending !== undefined) await this.#sending;
  }

  async #work(): Promise<void> {
    let seconds = firstPause;
    // Too few for a request gather again after each, whoever keeps sending.
    const isEnough = () => this.#spool.waitsForMore;
    while ((this.#again || isEnough()) && !this.#signal.aborted) {
      if (isEnough()) {
        await pause(gathering * 1000, undefined, { signal: this.#signal }).catch(() => undefined);
      }
      this.#again = false;
      try {
        await sendWaiting(this.#server, this.#spool, isEnough);
        if (seconds > firstPause) this.#events.back();
        seconds = firstPause;
      } catch (error) {
        if (this.#signal.aborted) return;
        if (!isAway(error)) {
          this.#refused = true;
          this.#events.refused(error as Error);
          return;
        }
        this.#again = true;
        const wait = Math.max(seconds, Math.min(longestAsked, secondsAsked(error)));
        this.#events.away(error as Error, wait);
        await pause(wait * 1000, undefined, { signal: this.#signal }).catch(() => undefined);
        seconds = Math.min(longestPause, 2 * seconds);
      }
    }
  }
}
