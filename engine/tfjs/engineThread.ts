import type { JacoflowError } from "../../schemas/errors/error.js";
import { networkErrors } from "../../schemas/errors/network.js";
import type { WorkOptions } from "../engine.js";
import { reviveError, startThread } from "../threads.js";
import type { Answer, ArgumentsOf, Request, RequestName, ResultOf } from "./protocol.js";

/** The engine's thread seen from outside: one call after another, each with progress and a way to stop it. */
export interface EngineThread {
  /**
   * Resolves to the thread's answer. Rejects with the reason of `work.signal` soon after it aborts (between two blocks
   * of examples), with the thread's own error, or with ENGINE_LOST when the thread ends.
   */
  call<Name extends RequestName>(
    name: Name,
    input: ArgumentsOf<Name>,
    work?: WorkOptions,
  ): Promise<ResultOf<Name>>;
  /** Ends the thread; calls still open, and later ones, reject with ENGINE_CLOSED. */
  close(): Promise<void>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((examplesDone: number) => void) | undefined;
}

/** Starts the thread; the backend itself starts with the call `start`. */
export function startEngineThread(engine: string): EngineThread {
  const worker = startThread(import.meta.url, "thread");
  const waiting = new Map<number, Waiting>();
  let ended: JacoflowError | undefined;
  let lastId = 0;

  function end(error: JacoflowError): void {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  }
  worker.on("message", (answer: Answer) => {
    const call = waiting.get(answer.id);
    if (call === undefined) return;
    if ("progress" in answer) {
      call.onProgress?.(answer.progress);
      return;
    }
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ("result" in answer) call.resolve(answer.result);
    else call.reject(reviveError(answer.error));
  });
  worker.on("error", (cause) => end(networkErrors.engineLost(engine, cause)));
  worker.on("exit", (code) => end(networkErrors.engineLost(engine, `its thread ended with code ${code}`)));
  worker.unref();

  return {
    call: (name, input, work = {}) =>
      new Promise((resolve, reject) => {
        const { signal, onProgress } = work;
        if (ended !== undefined) return reject(ended);
        if (signal?.aborted) return reject(signal.reason);
        lastId += 1;
        const stop = new Int32Array(new SharedArrayBuffer(4));
        worker.postMessage({ id: lastId, name, arguments: input, stop } as Request);
        worker.ref();
        const abort = () => Atomics.store(stop, 0, 1);
        signal?.addEventListener("abort", abort, { once: true });
        const done = () => signal?.removeEventListener("abort", abort);
        waiting.set(lastId, {
          onProgress,
          resolve: (result) => {
            done();
            resolve(result as ResultOf<typeof name>);
          },
          reject: (error) => {
            done();
            reject(signal?.aborted ? signal.reason : error);
          },
        });
      }),
    close: async () => {
      end(networkErrors.engineClosed(engine));
      await worker.terminate();
    },
  };
}
