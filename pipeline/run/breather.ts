/** Longest stretch of promise-only work before timers and input get a turn; the house promises 50 ms at most. */
const stretchMilliseconds = 8;

/**
 * Lets the event loop breathe: a chain of stages that never really waits is one long run of microtasks,
 * which would keep Ctrl-C, timers and progress out. One a run, asked after every batch.
 */
export class Breather {
  #last = performance.now();

  /** A promise to await when the last macrotask is long ago, else undefined. */
  due(): Promise<void> | undefined {
    if (performance.now() - this.#last < stretchMilliseconds) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#last = performance.now();
        resolve();
      });
    });
  }
}
