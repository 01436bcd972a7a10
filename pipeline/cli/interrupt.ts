import type { Terminal } from "./terminal.js";

/** What a signal ends the process with: 128 + its number (design §6). */
export const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
export type EndingSignal = keyof typeof signalExitCodes;

export interface Interruption {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The first signal that came; SIGTERM where the other end of the channel went before one did. */
  readonly received: () => EndingSignal | undefined;
  /** Gives the signals back their usual meaning. */
  stop(): void;
}

const flushing = "\nstopping: what the sinks have is being written; once more ends at once\n";

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that sinks can be flushed, and says `message`; the second ends the
 * process. A process that was started with a channel to another (the runs of a matrix, `fork`) stops as by SIGTERM when that
 * one is gone, however it went; that is no signal, and two must still come to end it.
 */
export function listenForInterruption(terminal: Terminal, message = flushing): Interruption {
  const controller = new AbortController();
  let received: EndingSignal | undefined;
  let signals = 0;
  const begin = (signal: EndingSignal) => {
    if (received !== undefined) return;
    received = signal;
    terminal.talk(message);
    controller.abort(new DOMException(`stopped by ${signal}`, "AbortError"));
  };
  const handle = (signal: EndingSignal) => {
    signals += 1;
    if (signals === 2) process.exit(signalExitCodes[signal]);
    begin(signal);
  };
  const abandon = () => begin("SIGTERM");
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  // A listener keeps the channel open, and so the process: only where there is one, and until `stop`.
  if (process.connected) process.on("disconnect", abandon);
  else if (process.send !== undefined) abandon();
  return {
    signal: controller.signal,
    received: () => received,
    stop: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
      process.off("disconnect", abandon);
    },
  };
}
