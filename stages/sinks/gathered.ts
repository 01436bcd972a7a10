import type { FileHandle } from "node:fs/promises";

/** Bytes that may wait for a write to end; who brings more waits too. */
const mostWaiting = 262_144;

/** Many small writes as few: what comes while one is under way is written together after it. */
export interface GatheredWrites {
  /**
   * Resolves when there is room for more, which is at once while little waits; the writing begins in this turn of the
   * event loop or after the write under way. Rejects with what an earlier write failed with.
   */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Resolves when all that was given is written; rejects with what a write failed with. */
  settled(): Promise<void>;
}

/** `append` is never called twice at once; after it has failed nothing more is written. */
export function gatheredWrites(append: (bytes: Uint8Array) => Promise<void>): GatheredWrites {
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let writing: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;

  async function writeAll(): Promise<void> {
    while (waiting.length > 0) {
      const bytes = waiting.length === 1 ? waiting[0] : Buffer.concat(waiting);
      waiting = [];
      waitingBytes = 0;
      await append(bytes);
    }
  }

  const throwFailure = () => {
    if (failure !== undefined) throw failure.error;
  };

  return {
    write: async (bytes) => {
      throwFailure();
      const given = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
      if (given.length === 0) return;
      waiting.push(given);
      waitingBytes += given.length;
      writing ??= writeAll()
        .catch((error) => {
          failure = { error };
        })
        .finally(() => {
          writing = undefined;
        });
      while (waitingBytes > mostWaiting && writing !== undefined) await writing;
      throwFailure();
    },
    settled: async () => {
      while (writing !== undefined) await writing;
      throwFailure();
    },
  };
}

/** Rejects when an open file has been removed or replaced: whatever is written there is lost when it is closed. */
export async function refuseRemoved(file: Pick<FileHandle, "stat">): Promise<void> {
  if ((await file.stat()).nlink === 0)
    throw new Error("it was removed or replaced while it was being written");
}
