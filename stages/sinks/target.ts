import { type FileHandle, open } from "node:fs/promises";
import { runErrors } from "../../schemas/errors/pipeline.js";
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

/** A file that grows as the run goes. FILE_HAS_WRITER when it is there; DISK_FULL, WRITE_FAILED. */
export async function growingFile(path: string): Promise<Target> {
  const attempt = <A>(work: Promise<A>): Promise<A> =>
    work.catch((error) => {
      throw runErrors.writeFailed(path, error);
    });
  const file: FileHandle = await open(path, "wx").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EEXIST" ? sinkErrors.fileHasWriter(path) : runErrors.writeFailed(path, error);
  });
  let turn: Promise<void> = Promise.resolve();
  return {
    write: (bytes) => {
      const written = turn.then(() => attempt(file.appendFile(bytes)));
      turn = written.catch(() => undefined);
      return written;
    },
    close: async () => {
      await turn;
      try {
        await attempt(file.sync());
      } finally {
        await file.close();
      }
    },
  };
}
