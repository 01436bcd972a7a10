import { type FileHandle, open } from "node:fs/promises";
import { runErrors } from "../../schemas/errors/pipeline.js";
import type { LogEntry } from "./progress.js";

/** log.ndjson: one JSON object a line, appended as it happens, many lines at a time when they come fast. */
export class RunLog {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #failed: (error: Error) => void;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;
  #broken = false;

  private constructor(path: string, handle: FileHandle, failed: (error: Error) => void) {
    this.#path = path;
    this.#handle = handle;
    this.#failed = failed;
  }

  /**
   * Goes on with the log that is there, without a line that a killed process left half-written. Errors: WRITE_FAILED,
   * DISK_FULL; later ones go to `failed`, once, after which the log stays as it is.
   */
  static async open(path: string, failed: (error: Error) => void): Promise<RunLog> {
    try {
      const handle = await open(path, "a+");
      await endLine(handle);
      return new RunLog(path, handle, failed);
    } catch (error) {
      throw runErrors.writeFailed(path, error);
    }
  }

  add(entry: LogEntry): void {
    if (this.#broken) return;
    this.#lines.push(lineOf(entry));
    this.#writing ??= this.#write();
  }

  /** Writes what is left; what a stage that would not stop says later is lost. */
  async close(): Promise<void> {
    await this.#writing;
    this.#broken = true;
    await this.#handle.close();
  }

  async #write(): Promise<void> {
    while (this.#lines.length > 0) {
      const lines = this.#lines.join("");
      this.#lines = [];
      try {
        await this.#handle.appendFile(lines);
      } catch (error) {
        this.#broken = true;
        this.#lines = [];
        this.#failed(runErrors.writeFailed(this.#path, error));
      }
    }
    this.#writing = undefined;
  }
}

/** Cuts off what follows the last end of a line, as far as one piece goes back. */
async function endLine(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  const from = Math.max(0, size - 65_536);
  const bytes = Buffer.alloc(size - from);
  await handle.read(bytes, 0, bytes.length, from);
  const end = from + bytes.lastIndexOf("\n") + 1;
  if (end < size) await handle.truncate(end);
}

function lineOf(entry: LogEntry): string {
  try {
    return `${JSON.stringify(entry, plain)}\n`;
  } catch {
    // Facts may be anything a stage hands over, circles included.
    return `${JSON.stringify({ ...entry, facts: { unwritable: true } })}\n`;
  }
}

/** JSON knows no bigint, no NaN and no infinity; a log should say them all the same. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}
