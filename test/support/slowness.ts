import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** What the work below takes on a machine of 2 cores that has nothing else to do. */
const quietMilliseconds = 30;

/** Milliseconds of a fixed amount of arithmetic. */
function timeOfWork(): number {
  const start = performance.now();
  let sum = 0;
  for (let at = 0; at < 5_000_000; at += 1) sum = (sum * 31 + at) % 1_000_003;
  return sum < 0 ? 0 : performance.now() - start;
}

/** Threads that want a core at this moment, for each core there is; 0 where nobody says. */
function threadsPerCore(): number {
  try {
    return Number(readFileSync("/proc/loadavg", "utf8").split(/[ /]/)[3]) / availableParallelism();
  } catch {
    return 0;
  }
}

/**
 * How many times longer than on a quiet machine things take at this moment, at least 1: by a fixed amount of work, and
 * by the threads that want a core.
 */
export function slowness(): number {
  const busy = threadsPerCore();
  const times = [timeOfWork(), timeOfWork(), timeOfWork()].sort((left, right) => left - right);
  return Math.max(1, times[1] / quietMilliseconds, busy);
}

/**
 * Throws unless one of up to `trials` measures is within `milliseconds`, or as many times more as this machine is slower
 * than a quiet one. Returns the first that is.
 */
export async function assertWithin(
  milliseconds: number,
  measure: () => Promise<number>,
  trials = 5,
): Promise<number> {
  const tried: string[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const before = slowness();
    const took = await measure();
    const allowed = milliseconds * Math.max(before, slowness());
    if (took < allowed) return took;
    tried.push(`${took.toFixed(0)} of the ${allowed.toFixed(0)} ms allowed`);
  }
  throw new Error(`it took ${tried.join(", then ")}`);
}
