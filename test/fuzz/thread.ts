import { parentPort } from "node:worker_threads";
import { fuzz, newTally, type Tally } from "./fuzzing.js";
import { readers } from "./readers.js";

/** What a thread of the fuzzer is asked: tries `first` … `last` − 1 of one reader. */
export interface FuzzRequest {
  readonly reader: string;
  readonly seed: string;
  readonly first: number;
  readonly last: number;
  /** Two int32: the number of the try at work, and whether to stop. */
  readonly shared: SharedArrayBuffer;
}

export type FuzzAnswer = { readonly tally: Tally } | { readonly failure: string };

parentPort?.once("message", async ({ reader: name, seed, first, last, shared }: FuzzRequest) => {
  const reader = readers.find((each) => each.name === name)!;
  const state = new Int32Array(shared);
  const tally = newTally(name);
  const begin = (number: number) => {
    Atomics.store(state, 0, number);
    // So that a thread that has to be ended does not take what it counted with it.
    if (number % 200 === 0) parentPort?.postMessage({ tally: structuredClone(tally) });
    return Atomics.load(state, 1) === 0;
  };
  try {
    await fuzz({ reader, seed, first, last, begin, tally });
    parentPort?.postMessage({ tally, done: true });
  } catch (error) {
    parentPort?.postMessage({ failure: error instanceof Error ? error.stack : String(error) });
  }
});
