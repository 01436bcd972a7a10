import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a process holds at one moment, after a garbage collection. */
export interface Look {
  /** Since the soak began. */
  readonly minutes: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
  /** Memory of typed arrays and of native code that tells V8 of it. */
  readonly externalBytes: number;
  /** Open files and sockets. */
  readonly descriptors: number;
  /** What keeps the event loop alive: all of it, and timers among them. */
  readonly resources: number;
  readonly timers: number;
  readonly threads: number;
  /** Rows sent so far by the long run. */
  readonly rows: number;
  /** Whole short runs so far. */
  readonly shortRuns: number;
  /** Tensors that the last short run left in its engine. */
  readonly tensors: number;
}

/** What only the soak itself knows. */
export type Told = Pick<Look, "minutes" | "rows" | "shortRuns" | "tensors">;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

export function look(told: Told): Look {
  collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  return {
    ...told,
    residentBytes: rss,
    heapBytes: heapUsed,
    externalBytes: external,
    descriptors: readdirSync("/proc/self/fd").length,
    resources: resources.length,
    timers: resources.filter((name) => name === "Timeout").length,
    threads: readdirSync("/proc/self/task").length,
  };
}
