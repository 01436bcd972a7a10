import { type ErrorOnTheWay, reviveError, startThread } from "../../engine/threads.js";
import { dataErrors } from "../../schemas/errors/data.js";
import type { NormalisedExamples } from "./normalise.js";

export interface TableRequest {
  readonly file: string;
  readonly shape?: readonly number[];
}

export interface TableAnswer {
  readonly result?: NormalisedExamples;
  readonly error?: ErrorOnTheWay;
}

/**
 * `readTableFile` in a thread of its own: decoding a Parquet column or checking millions of numbers would hold up the
 * event loop. Features come back in shared memory. Rejects with the signal's reason soon after it aborts, and with
 * DATA_FILE_UNREADABLE when the thread dies (out of memory).
 */
export async function readTableInThread(
  request: TableRequest,
  signal: AbortSignal,
): Promise<NormalisedExamples> {
  signal.throwIfAborted();
  const worker = startThread(import.meta.url, "tableThread");
  let stop = () => {};
  try {
    return await new Promise<NormalisedExamples>((resolve, reject) => {
      stop = () => reject(signal.reason);
      signal.addEventListener("abort", stop);
      worker.once("message", ({ result, error }: TableAnswer) => {
        if (result !== undefined) resolve(result);
        else reject(reviveError(error ?? { message: "no answer" }));
      });
      worker.once("error", (error) => reject(dataErrors.unreadable(request.file, error)));
      worker.once("exit", () => reject(dataErrors.unreadable(request.file, "its thread ended")));
      worker.postMessage(request);
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
