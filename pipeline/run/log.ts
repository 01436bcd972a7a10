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

  /** Errors: WRITE_FAILED, DISK_FULL; later ones go to `failed`, once, after which the log stays as it is. */
  static async open(path: string, failed: (error: Error) => void): Promise<RunLog> {
    try {
      return new RunLog(path, await open(path, "a"), failed);
    } catch (error) {
      throw runErrors.writeFailed(path, error);
    }
  }

  add(entry: LogEntry): void {
    if (this.#broken) return;
    this.#lines.push(lineOf(entry));
    this.#writing ??= this.#write();
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    await this.#writing;
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
