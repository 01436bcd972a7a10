import type { Terminal } from "./terminal.js";

/** What a signal ends the process with: 128 + its number (design §6). */
export const signalExitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
export type EndingSignal = keyof typeof signalExitCodes;

export interface Interruption {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** The first signal that came. */
  readonly received: () => EndingSignal | undefined;
  /** Gives the signals back their usual meaning. */
  stop(): void;
}

const flushing = "\nstopping: what the sinks have is being written; once more ends at once\n";

/**
 * Turns the first SIGINT or SIGTERM into an abort, so that sinks can be flushed, and says `message`; the second ends the
 * process.
 */
export function listenForInterruption(terminal: Terminal, message = flushing): Interruption {
  const controller = new AbortController();
  let received: EndingSignal | undefined;
  const handle = (signal: EndingSignal) => {
    if (received !== undefined) process.exit(signalExitCodes[signal]);
    received = signal;
    terminal.talk(message);
    controller.abort(new DOMException(`stopped by ${signal}`, "AbortError"));
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  return {
    signal: controller.signal,
    received: () => received,
    stop: () => {
      process.off("SIGINT", handle);
      process.off("SIGTERM", handle);
    },
  };
}
