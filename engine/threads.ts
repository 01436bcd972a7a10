import { parentPort, type TransferListItem, Worker } from "node:worker_threads";
import { type ErrorFacts, JacoflowError } from "../schemas/errors/error.js";

/**
 * Starts the module `name` beside the caller (`base` is its import.meta.url) in a worker thread. From the built package
 * it runs as it is; from TypeScript sources through tsx, which Node 20 does not pass on to threads, so the thread
 * registers it first.
 */
export function startThread(base: string, name: string): Worker {
  if (!base.endsWith(".ts")) return new Worker(new URL(`./${name}.js`, base));
  const loader = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  const file = JSON.stringify(new URL(`./${name}.ts`, base).href);
  const script = `import(${loader}).then(({ register }) => { register(); return import(${file}); })`;
  return new Worker(script, { eval: true });
}

/** An error on its way between threads: a JacoflowError loses its class there, its facts it keeps. */
export type ErrorOnTheWay = Partial<ErrorFacts> & { readonly message: string; readonly stack?: string };

/** What of an error can be cloned; a value or cause that cannot is left out. */
export function describeError(error: unknown): ErrorOnTheWay {
  if (!(error instanceof Error)) return { message: String(error) };
  const stack = error.stack === undefined ? {} : { stack: error.stack };
  if (!(error instanceof JacoflowError)) return { message: error.message, ...stack };
  const { code, kind, message, place, value, remedy } = error;
  const facts = { code, kind, message, ...(place && { place }), ...(remedy && { remedy }), ...stack };
  try {
    structuredClone(value);
    return { ...facts, value };
  } catch {
    return facts;
  }
}

/** The error again, with the stack of the thread it came from. */
export function reviveError(error: ErrorOnTheWay): Error {
  const { code, kind, message, stack } = error;
  const isOurs = code !== undefined && kind !== undefined;
  const revived = isOurs ? new JacoflowError({ ...error, code, kind }) : new Error(message);
  if (stack !== undefined) revived.stack = stack;
  return revived;
}

/** The memory of these arrays that may change hands instead of being copied: not shared, and each buffer once. */
export function transferable(arrays: readonly ArrayBufferView[]): TransferListItem[] {
  const buffers = arrays.map((array) => array.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
  return [...new Set(buffers)];
}

interface Answer {
  readonly result?: unknown;
  readonly error?: ErrorOnTheWay;
}

/** What a thread of one question has to say of it: see {@link answerOnce}. `died` makes the error of one that ended. */
export interface Question<Asked> {
  /** import.meta.url of the caller, and the module beside it that answers. */
  readonly base: string;
  readonly name: string;
  readonly asked: Asked;
  readonly signal?: AbortSignal;
  readonly died: (cause: unknown) => Error;
}

/**
 * Has a thread of its own answer one question, for work that would hold up the event loop. Rejects with the signal's
 * reason soon after it aborts, with the error the answer is, and with `died` when the thread ends without one.
 */
export async function askThread<Result, Asked = unknown>(question: Question<Asked>): Promise<Result> {
  const { base, name, asked, signal, died } = question;
  signal?.throwIfAborted();
  const worker = startThread(base, name);
  let stop = () => {};
  try {
    return await new Promise<Result>((resolve, reject) => {
      stop = () => reject(signal?.reason);
      signal?.addEventListener("abort", stop);
      worker.once("message", ({ result, error }: Answer) => {
        if (error === undefined) resolve(result as Result);
        else reject(reviveError(error));
      });
      worker.once("error", (error) => reject(died(error)));
      worker.once("exit", () => reject(died("its thread ended")));
      worker.postMessage(asked);
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

/** The other side of {@link askThread}: call it once, at the top of the thread's module. */
export function answerOnce<Asked, Result>(answer: (asked: Asked) => Result | Promise<Result>): void {
  parentPort?.once("message", async (asked: Asked) => {
    let said: Answer;
    try {
      said = { result: await answer(asked) };
    } catch (error) {
      said = { error: describeError(error) };
    }
    parentPort?.postMessage(said);
  });
}
