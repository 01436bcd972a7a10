/** Resident memory of this process while it works. */
export interface MemoryWatch {
  /** What it was when the watch began. */
  readonly before: number;
  /** The most at any look so far. */
  peak(): number;
  stop(): void;
}

/** Looks at the resident memory every 20 ms, as often as the event loop allows. Bytes. */
export function watchMemory(): MemoryWatch {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let most = before;
  const look = () => {
    most = Math.max(most, process.memoryUsage.rss());
  };
  const timer = setInterval(look, 20);
  return {
    before,
    peak: () => {
      look();
      return most;
    },
    stop: () => clearInterval(timer),
  };
}
