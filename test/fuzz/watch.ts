import type { Worker } from "node:worker_threads";
import { startThread } from "../../engine/threads.js";
import { count, newTally, type Tally } from "./fuzzing.js";
import type { FuzzRequest } from "./thread.js";

export interface Watched {
  readonly reader: string;
  readonly seed: string;
  readonly tries: number;
  /** The fuzzing ends after so long even when tries are left. */
  readonly seconds: number;
}

/** A try of a few kilobytes that takes longer hangs. */
const secondsAllowed = 20;
/** Until a thread has loaded the house and made its corpus: on a busy machine that is no finding. */
const secondsToBegin = 300;
const notBegun = -1;
/** Of the whole process. */
const residentAllowed = 3 * 2 ** 30;

/**
 * Has a thread make the tries and watches it: a try that does not end, takes all memory or the thread with it is a
 * finding, and the next thread goes on with the one after it.
 */
export async function watchReader({ reader, seed, tries, seconds }: Watched): Promise<Tally> {
  const total = newTally(reader);
  const end = performance.now() + 1000 * seconds;
  for (let first = 0; first < tries && performance.now() < end; ) {
    const { tally, stuck } = await watchThread({ reader, seed, first, last: tries }, end);
    add(total, tally);
    if (stuck === undefined) break;
    total.tries += 1;
    count(total, { reader, ...stuck });
    first = stuck.number + 1;
  }
  return total;
}

interface Watching {
  readonly tally: Tally;
  readonly stuck?: { readonly number: number; readonly finding: string };
}

async function watchThread(request: Omit<FuzzRequest, "shared">, end: number): Promise<Watching> {
  const shared = new SharedArrayBuffer(8);
  const state = new Int32Array(shared);
  Atomics.store(state, 0, notBegun);
  const worker = startThread(import.meta.url, "thread");
  let timer: NodeJS.Timeout | undefined;
  let tally = newTally(request.reader);
  try {
    return await new Promise<Watching>((resolve, reject) => {
      const stuck = (finding: string) =>
        resolve({ tally, stuck: { number: Math.max(request.first, Atomics.load(state, 0)), finding } });
      listen(
        worker,
        (next) => {
          tally = next;
        },
        () => resolve({ tally }),
        reject,
      );
      worker.once("error", (error) => stuck(`ended its thread: ${error.message}`));
      worker.once("exit", (code) => stuck(`ended its thread with code ${code}`));
      let seen = notBegun;
      let since = performance.now();
      timer = setInterval(() => {
        const now = performance.now();
        const number = Atomics.load(state, 0);
        if (number !== seen) {
          seen = number;
          since = now;
        }
        if (now > end) Atomics.store(state, 1, 1);
        if (process.memoryUsage.rss() > residentAllowed) stuck("takes all memory");
        else if (now - since > 1000 * (number === notBegun ? secondsToBegin : secondsAllowed))
          stuck("does not end");
      }, 50);
      worker.postMessage({ ...request, shared } satisfies FuzzRequest);
    });
  } finally {
    clearInterval(timer);
    worker.removeAllListeners();
    await worker.terminate();
  }
}

function listen(
  worker: Worker,
  take: (tally: Tally) => void,
  done: () => void,
  fail: (error: Error) => void,
): void {
  worker.on("message", (answer: { tally?: Tally; done?: boolean; failure?: string }) => {
    if (answer.failure !== undefined) fail(new Error(answer.failure));
    if (answer.tally !== undefined) take(answer.tally);
    if (answer.done) done();
  });
}

function add(total: Tally, { tries, accepted, refused, findings, kinds, slowestMilliseconds }: Tally): void {
  total.tries += tries;
  total.accepted += accepted;
  total.findings += findings;
  total.slowestMilliseconds = Math.max(total.slowestMilliseconds, slowestMilliseconds);
  total.kinds.push(...kinds);
  for (const [code, times] of Object.entries(refused))
    total.refused[code] = (total.refused[code] ?? 0) + times;
}
