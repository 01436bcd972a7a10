import { isMainThread, Worker } from "node:worker_threads";

/** A limit on what the main thread computes. */
export interface Watchdog {
  stop(): void;
}

/** How much longer than a timer of the same seconds it waits: where timers are let through, they come first. */
const graceMilliseconds = 500;

/** Of a thread of its own, for none that is held up can end itself. As text, for it runs from the sources too. */
const script = `
const { Session } = require("node:inspector");
const { workerData: { milliseconds, stopped } } = require("node:worker_threads");
setTimeout(() => {
  if (Atomics.load(stopped, 0) === 1) return;
  const session = new Session();
  session.connectToMainThread();
  session.post("Runtime.terminateExecution");
}, milliseconds);
`;

/**
 * Ends what the main thread is computing, an endless loop too, unless it is stopped before; promises it would have
 * settled stay as they are. On other threads it does nothing.
 */
export function watchMainThread(seconds: number): Watchdog {
  if (!isMainThread) return { stop: () => undefined };
  const stopped = new Int32Array(new SharedArrayBuffer(4));
  const milliseconds = seconds * 1000 + graceMilliseconds;
  const worker = new Worker(script, { eval: true, workerData: { milliseconds, stopped } });
  worker.unref();
  return {
    stop: () => {
      Atomics.store(stopped, 0, 1);
      void worker.terminate();
    },
  };
}
