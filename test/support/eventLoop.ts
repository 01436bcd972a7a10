import { Worker } from "node:worker_threads";

/** A thread that does nothing but tell how long its own timer was held up: by the machine, for there is nobody else. */
const witness = `
const { parentPort } = require("node:worker_threads");
let longest = 0;
let last = performance.now();
setInterval(() => {
  longest = Math.max(longest, performance.now() - last);
  last = performance.now();
}, 1);
parentPort.on("message", () => parentPort.postMessage(longest));
parentPort.postMessage(0);
`;

const answerOf = (thread: Worker) =>
  new Promise<number>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });

/** How long timers waited during some work, in milliseconds: here, and in a thread of its own that had nothing to do. */
export interface HeldUp {
  /** From the longest down. */
  readonly here: readonly number[];
  /** The longest. */
  readonly elsewhere: number;
}

/** Does the work and measures how long it holds up the event loop of the caller. */
export async function heldUp(work: () => Promise<unknown>): Promise<HeldUp> {
  const thread = new Worker(witness, { eval: true, execArgv: [] });
  try {
    await answerOf(thread);
    const pauses: number[] = [];
    let last = performance.now();
    const beat = () => {
      pauses.push(performance.now() - last);
      last = performance.now();
    };
    const timer = setInterval(beat, 1);
    try {
      await work();
      beat();
    } finally {
      clearInterval(timer);
    }
    const answer = answerOf(thread);
    thread.postMessage("tell");
    return { here: pauses.sort((left, right) => right - left), elsewhere: await answer };
  } finally {
    await thread.terminate();
  }
}

/**
 * Throws unless in one of up to `trials` times the work holds up the event loop for less than the milliseconds, beyond
 * what the machine itself held up threads for. `outliers` of the longest pauses do not count: collections of garbage.
 */
export async function assertStaysFree(
  milliseconds: number,
  work: () => Promise<unknown>,
  { trials = 5, outliers = 0 }: { readonly trials?: number; readonly outliers?: number } = {},
): Promise<void> {
  const tried: string[] = [];
  for (let trial = 0; trial < trials; trial += 1) {
    const { here, elsewhere } = await heldUp(work);
    const longest = here[outliers] ?? 0;
    if (longest < milliseconds + 2 * elsewhere) return;
    tried.push(`${longest.toFixed(0)} ms (an idle thread ${elsewhere.toFixed(0)} ms)`);
  }
  throw new Error(`the event loop stood still for ${tried.join(", then ")}`);
}
