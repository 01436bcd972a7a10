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

/**
 * stdout as a target: waits for a slow reader, so that nothing piles up in memory, without holding up the process.
 * OUTPUT_CLOSED when the reader went away.
 */
export function standardOutput(output: NodeJS.WritableStream = process.stdout): Target {
  // The event comes besides the callback; the program ends at once when nobody listens to it.
  const ignore = () => undefined;
  output.on("error", ignore);
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        output.write(bytes, (error) => {
          if (error) reject(sinkErrors.outputClosed("stdout", error));
          else resolve();
        });
      }),
    close: async () => void output.removeListener("error", ignore),
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
