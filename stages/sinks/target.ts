import { setImmediate } from "node:timers/promises";
import type { RecordBatch } from "apache-arrow";
import type { InputStream } from "../../pipeline/stage.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";

/** Where bytes go one after the other, whoever of several writes them. */
export interface Target {
  /** Resolves when there is room for more; what one call writes is not mixed with another's. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Waits for what was written and lets go of the target. */
  close(): Promise<void>;
}

/** The name of stdout in an option that names a target. */
export const standardOutputName = "-";

/** Milliseconds of small writes in a row that the stream may gather. */
const burst = 4;

/**
 * stdout as a target: waits for a slow reader as soon as the stream has no room, so that nothing piles up in memory,
 * without holding up the process. OUTPUT_CLOSED when the reader went away: of the write that found it out, else of the next
 * one or of `close`.
 */
export function standardOutput(output: NodeJS.WritableStream = process.stdout): Target {
  // The event comes besides the callback; the program ends at once when nobody listens to it.
  const ignore = () => undefined;
  output.on("error", ignore);
  let last: Promise<void> = Promise.resolve();
  let turn = Number.NEGATIVE_INFINITY;
  let failure: { readonly error: unknown } | undefined;
  const throwFailure = () => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    write: async (bytes) => {
      throwFailure();
      let hasRoom = true;
      last = new Promise((resolve) => {
        hasRoom = output.write(bytes, (error) => {
          if (error) failure ??= { error: sinkErrors.outputClosed("stdout", error) };
          resolve();
        });
      });
      if (!hasRoom) await last;
      else if (performance.now() - turn >= burst) {
        // A reader that is gone shows within a turn of the event loop.
        await setImmediate();
        turn = performance.now();
      }
      throwFailure();
    },
    close: async () => {
      await last;
      output.removeListener("error", ignore);
      throwFailure();
    },
  };
}

/**
 * Writes every batch of every input. What cannot be written ends it at once; an input that fails does so when the others
 * have ended, so that what they were given is written too.
 */
export async function writeInputs(
  inputs: readonly InputStream[],
  write: (input: InputStream, batch: RecordBatch) => Promise<void>,
): Promise<void> {
  const broken = new AbortController();
  const failed = new Promise<never>((_, reject) => {
    broken.signal.addEventListener("abort", () => reject(broken.signal.reason));
  });
  failed.catch(() => undefined);
  const writeOrBreak = async (input: InputStream, batch: RecordBatch) => {
    try {
      await write(input, batch);
    } catch (error) {
      broken.abort(error);
      throw error;
    }
  };
  const ended = inputs.map((input) => {
    const handle = (batch: RecordBatch) => writeOrBreak(input, batch);
    return input.forEach(handle);
  });
  const results = await Promise.race([Promise.allSettled(ended), failed]);
  const rejected = results.find((result) => result.status === "rejected");
  if (rejected !== undefined) throw rejected.reason;
}
