import { askThread } from "../../engine/threads.js";
import { dataErrors } from "../../schemas/errors/data.js";
import type { NormalisedExamples } from "./normalise.js";

export interface TableRequest {
  readonly file: string;
  readonly shape?: readonly number[];
}

/**
 * `readTableFile` in a thread of its own: decoding a Parquet column or checking millions of numbers would hold up the
 * event loop. Features come back in shared memory. Rejects with the signal's reason soon after it aborts, and with
 * DATA_FILE_UNREADABLE when the thread dies (out of memory).
 */
export function readTableInThread(asked: TableRequest, signal: AbortSignal): Promise<NormalisedExamples> {
  const died = (cause: unknown) => dataErrors.unreadable(asked.file, cause);
  return askThread({ base: import.meta.url, name: "tableThread", asked, signal, died });
}
