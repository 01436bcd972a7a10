import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** One of the sides that do the same job. `run` resolves to the seconds the job took. */
export interface Side {
  readonly name: string;
  readonly run: () => Promise<number>;
}

export interface Round {
  /** Seconds of every side, in the order of the sides. */
  readonly seconds: readonly number[];
  /** Largest share of the machine that other programs took while a side ran; 0 where it cannot be told. */
  readonly foreign: number;
}

export interface Comparison {
  readonly names: readonly string[];
  /** Median seconds of every side. */
  readonly seconds: readonly number[];
  /** The rounds the medians are of. */
  readonly rounds: readonly Round[];
  readonly loadAverage: number;
}

/** Rounds in which other programs took more of the machine than this are repeated, as long as patience lasts. */
const quiet = 0.05;

/** Rounds added at most because others were disturbed. */
const mostRepeats = 6;

/**
 * The sides in turn, round after round, each round begun in a quiet moment if one comes within `patience` seconds. A
 * round disturbed by other programs is repeated; the medians are of the `rounds` least disturbed ones.
 */
export async function inTurn(
  sides: readonly Side[],
  { rounds, patience }: { readonly rounds: number; readonly patience: number },
): Promise<Comparison> {
  const found: Round[] = [];
  const enough = () => found.filter(({ foreign }) => foreign <= quiet).length >= rounds;
  while (found.length < rounds || (found.length < rounds + mostRepeats && !enough())) {
    const seconds: number[] = [];
    let foreign = 0;
    await quietMoment(patience);
    for (const side of sides) {
      const before = ownAndAll();
      seconds.push(await side.run());
      foreign = Math.max(foreign, foreignShare(before, ownAndAll()));
    }
    found.push({ seconds, foreign });
  }
  const best = [...found].sort((left, right) => left.foreign - right.foreign).slice(0, rounds);
  return {
    names: sides.map(({ name }) => name),
    seconds: sides.map((_, index) => median(best.map((round) => round.seconds[index]))),
    rounds: best,
    loadAverage: loadavg()[0],
  };
}

/** The median over the rounds of side `slow`'s seconds over side `fast`'s. */
export function ratioOf({ rounds }: Comparison, slow: number, fast: number): number {
  return median(rounds.map(({ seconds }) => seconds[slow] / seconds[fast]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Waits until other programs leave the machine alone, at most `patience` seconds. */
export async function quietMoment(patience: number): Promise<void> {
  const end = performance.now() + 1000 * patience;
  do {
    const before = ownAndAll();
    await sleep(300);
    if (foreignShare(before, ownAndAll()) <= quiet) return;
  } while (performance.now() < end);
}

/** Seconds of one call. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** Processes whose work is the bench's own: this one, and those it started. */
const ours = new Set<number>([process.pid]);

export function countAsOurs(pid: number): void {
  ours.add(pid);
}

interface Ticks {
  readonly busy: number;
  readonly own: number;
  readonly at: number;
}

/** Clock ticks (hundredths of a second on Linux) of all processes and of the bench's; undefined elsewhere. */
function ownAndAll(): Ticks | undefined {
  try {
    const [user, nice, system, , , irq, softIrq] = readFileSync("/proc/stat", "utf8")
      .split("\n")[0]
      .trim()
      .split(/\s+/)
      .slice(1)
      .map(Number);
    let own = 0;
    for (const pid of ours) {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, "utf8");
        const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
        for (const index of [11, 12, 13, 14]) own += Number(fields[index]);
      } catch {
        ours.delete(pid);
      }
    }
    return { busy: user + nice + system + irq + softIrq, own, at: performance.now() };
  } catch {
    return undefined;
  }
}

function foreignShare(before: Ticks | undefined, after: Ticks | undefined): number {
  if (before === undefined || after === undefined) return 0;
  const elapsed = ((after.at - before.at) / 1000) * 100 * availableParallelism();
  // Ticks are coarse: what a short job's neighbours took is not known.
  if (elapsed < 20) return 0;
  return Math.max(0, (after.busy - before.busy - (after.own - before.own)) / elapsed);
}
