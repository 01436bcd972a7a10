import { type FileHandle, mkdir, open, rename, rm, rmdir } from "node:fs/promises";
import { dirname } from "node:path";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { syncFolder } from "../../schemas/syncFolder.js";

/** An open file to append to. */
export type WritableFile = Pick<FileHandle, "write" | "sync" | "close">;

/** What sinks ask of the file system; tests hand in one that fails. */
export interface FileSystem {
  open(path: string): Promise<WritableFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it; resolves to whether it was not there before. */
  makeFolder(path: string): Promise<boolean>;
  removeEmptyFolder(path: string): Promise<void>;
  /** Makes the names in a folder outlive a power cut, where the system has a way. */
  syncFolder(path: string): Promise<void>;
}

export const diskFiles: FileSystem = {
  open: (path) => open(path, "w"),
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { force: true }),
  makeFolder: async (path) => {
    await mkdir(dirname(path), { recursive: true });
    return mkdir(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "EEXIST") return false;
        throw error;
      },
    );
  },
  removeEmptyFolder: (path) => rmdir(path),
  syncFolder,
};

/**
 * A file that appears at its path only when it is whole: it is written under a temporary name (beside it by default),
 * synchronised, then renamed. Whatever fails becomes a DISK_FULL or WRITE_FAILED that names the file, and the
 * temporary is removed.
 */
export class AtomicFile {
  readonly path: string;
  readonly #files: FileSystem;
  #file: WritableFile | undefined;
  /** What went wrong first: nothing more is written after it, whoever overlooked it. */
  #failure: { readonly error: unknown } | undefined;

  readonly #temporary: string;

  /** `temporary` is a path that nobody else writes, on the same disk. */
  constructor(path: string, files: FileSystem, temporary = `${path}.tmp`) {
    this.path = path;
    this.#files = files;
    this.#temporary = temporary;
  }

  /** Appends bytes; they may be reused once this has resolved. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#attempt(async () => {
      this.#file ??= await this.#files.open(this.#temporary);
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at);
        at += bytesWritten;
      }
    });
  }

  /** Puts the file at its path; `announce` is done when its bytes are on the disk and its name is not. */
  async complete(announce?: () => Promise<void>): Promise<void> {
    await this.#attempt(async () => {
      const file = this.#file ?? (await this.#files.open(this.#temporary));
      this.#file = file;
      await file.sync();
      await file.close();
      this.#file = undefined;
      await announce?.();
      await this.#files.rename(this.#temporary, this.path);
    });
  }

  /** Leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    await this.#files.remove(this.#temporary).catch(() => undefined);
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    try {
      await work();
    } catch (cause) {
      const error = runErrors.writeFailed(this.path, cause);
      this.#failure = { error };
      await this.abandon();
      throw error;
    }
  }
}

/** Writes a whole file by atomic rename. */
export async function writeFileAtomically(
  path: string,
  text: string,
  files: FileSystem,
  temporary?: string,
): Promise<void> {
  const file = new AtomicFile(path, files, temporary);
  await file.append(new TextEncoder().encode(text));
  await file.complete();
}
