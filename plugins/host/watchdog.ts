import { isMainThread, Worker } from "node:worker_threads";

/** A thread that limits what the main thread computes. */
export interface Watchdog {
  /**
   * Gives the main thread so many seconds from now until it is called again, or until `rest`. What then still computes, an
   * endless loop too, is ended; promises it would have settled stay as they are.
   */
  allow(seconds: number): void;
  /** Allows any time. */
  rest(): void;
  close(): void;
}

/** How much longer than a timer of the same seconds it waits: where timers are let through, they come first. */
const graceMilliseconds = 500;

/** Of a thread of its own, for none that is held up can end itself. As text, for it runs from the sources too. */
const script = `
const { Session } = require("node:inspector");
const { workerData: deadline } = require("node:worker_threads");
setInterval(() => {
  const until = Atomics.load(deadline, 0);
  if (until === 0n || BigInt(Date.now()) < until) return;
  if (Atomics.compareExchange(deadline, 0, until, 0n) !== until) return;
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.terminateExecution", () => session.disconnect());
}, 50);
`;

/** Starts a watchdog, which rests. On other threads than the main one it does nothing. */
export function startWatchdog(): Watchdog {
  if (!isMainThread) return { allow: () => undefined, rest: () => undefined, close: () => undefined };
  const deadline = new BigInt64Array(new SharedArrayBuffer(8));
  const worker = new Worker(script, { eval: true, workerData: deadline });
  worker.unref();
  const rest = () => {
    Atomics.store(deadline, 0, 0n);
  };
  return {
    allow: (seconds) => {
      Atomics.store(deadline, 0, BigInt(Math.ceil(Date.now() + seconds * 1000 + graceMilliseconds)));
    },
    rest,
    close: () => {
      rest();
      void worker.terminate();
    },
  };
}
