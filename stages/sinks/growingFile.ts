import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { StageContext } from "../../pipeline/stage.js";
import { reportFile } from "../../schemas/document.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { syncFolder } from "../../schemas/syncFolder.js";
import { type GatheredWrites, gatheredWrites, refuseRemoved } from "./gathered.js";
import type { Target } from "./target.js";

/** Where rows go, batch by batch, whoever of several inputs sends them. */
export interface RowTarget {
  /** Whether a run that goes on finds rows here already: what begins a file was written then. */
  readonly isBegun: boolean;
  /**
   * Writes what the next `rows` rows of an origin are, not mixed with another's; nothing when it has them from before the
   * run was cut off, and `pieces` is not asked then.
   */
  take(origin: string, rows: number, pieces: () => Iterable<string | Uint8Array>): Promise<void>;
  /** Writes what ends the rows; a run that goes on takes it away again. */
  end(piece: Uint8Array): Promise<void>;
  /** Waits for what was written and lets go of the target. */
  close(): Promise<void>;
}

/** What was written at a time: origin, rows, bytes, and the SHA-256 of those. */
type Entry = readonly [origin: string, rows: number, bytes: number, sha256: string];

/** `checkpoints/STAGE/written.ndjson`: an entry a line, in the order of the file, each after its bytes. */
const ledgerFile = "written.ndjson";

/**
 * A file of the run folder that grows as the run goes. A run that goes on after it was cut off finds there what it had
 * written, without what was being written at that moment, and skips those rows when they come again. Bytes that changed since
 * are named in the log and written again, with all that follows them. FILE_HAS_WRITER when another sink has the file;
 * REPLAY_DIFFERS, DISK_FULL, WRITE_FAILED.
 */
export class GrowingFile implements RowTarget {
  readonly isBegun: boolean;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #ledger: FileHandle;
  readonly #writes: GatheredWrites;
  readonly #lines: GatheredWrites;
  /** Bytes of the file that were given to be written, and that are. */
  #given: number;
  #written: number;
  /** Lines of the ledger whose bytes are not all written yet, and where those end. */
  #waiting: { readonly end: number; readonly line: string }[] = [];
  /** Rows of each batch by origin that are in the file since before. */
  readonly #taken = new Map<string, number[]>();
  /** Batches by origin that came. */
  readonly #came = new Map<string, number>();
  #turn: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, ledger: FileHandle, entries: readonly Entry[]) {
    this.#path = path;
    this.#file = file;
    this.#ledger = ledger;
    this.#given = entries.reduce((sum, [, , bytes]) => sum + bytes, 0);
    this.#written = this.#given;
    this.#lines = gatheredWrites((bytes) => this.#attempt(ledger.appendFile(bytes)));
    this.#writes = gatheredWrites(async (bytes) => {
      await this.#attempt(file.appendFile(bytes).then(() => refuseRemoved(file)));
      this.#written += bytes.length;
      await this.#enter();
    });
    for (const [origin, rows] of entries) {
      const taken = this.#taken.get(origin);
      if (taken === undefined) this.#taken.set(origin, [rows]);
      else taken.push(rows);
    }
    this.isBegun = entries.length > 0;
  }

  /** Opens the file of this name; a sink has one. */
  static async open(
    name: string,
    {
      runFolder,
      checkpointFolder,
      log,
    }: Pick<StageContext<unknown>, "runFolder" | "checkpointFolder" | "log">,
  ): Promise<GrowingFile> {
    const path = join(runFolder, name);
    // Which appears by rename when the run ends, over whatever is there.
    if (name === reportFile) throw sinkErrors.fileHasWriter(path);
    const ledgerPath = join(checkpointFolder, ledgerFile);
    const earlier = await readFile(ledgerPath, "utf8").catch(() => undefined);
    // The ledger is there before the file: one without is another sink's, at whatever moment a process was killed.
    const ledger = await openLedger(ledgerPath, runFolder);
    const file = await open(path, earlier === undefined ? "ax+" : "a+").catch(
      async (error: NodeJS.ErrnoException) => {
        await ledger.close();
        if (earlier === undefined)
          await rm(checkpointFolder, { recursive: true, force: true }).catch(() => undefined);
        throw error.code === "EEXIST" ? sinkErrors.fileHasWriter(path) : runErrors.writeFailed(path, error);
      },
    );
    try {
      const { entries, bytes, damaged } = await wholeEntries(file, entriesIn(earlier ?? ""));
      if (damaged) {
        log(
          "warning",
          `${path} is not what was written after its first ${bytes} bytes; the rest is written again`,
        );
      }
      await file.truncate(bytes);
      await ledger.truncate(Buffer.byteLength(entries.map(lineOf).join("")));
      return new GrowingFile(path, file, ledger, entries);
    } catch (error) {
      await ledger.close();
      await file.close();
      throw runErrors.writeFailed(path, error);
    }
  }

  take(origin: string, rows: number, pieces: () => Iterable<string | Uint8Array>): Promise<void> {
    return this.#inTurn(async () => {
      const came = this.#came.get(origin) ?? 0;
      this.#came.set(origin, came + 1);
      const before = this.#taken.get(origin)?.[came];
      if (before === rows) return;
      if (before !== undefined) throw sinkErrors.replayDiffers(this.#path, origin, came + 1, before, rows);
      const hash = createHash("sha256");
      let bytes = 0;
      for (const piece of pieces()) {
        const own = typeof piece === "string" ? Buffer.from(piece) : piece;
        hash.update(own);
        bytes += own.length;
        await this.#write(own);
        // A turn a piece: of several inputs none gets ahead of another by how the machine is loaded.
        await setImmediate();
      }
      this.#waiting.push({ end: this.#given, line: lineOf([origin, rows, bytes, hash.digest("hex")]) });
      await this.#enter();
    });
  }

  end(piece: Uint8Array): Promise<void> {
    return this.#inTurn(() => this.#write(piece));
  }

  #attempt(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      throw runErrors.writeFailed(this.#path, error);
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #write(bytes: Uint8Array): Promise<void> {
    this.#given += bytes.length;
    return this.#writes.write(bytes);
  }

  /** Enters into the ledger what is written by now. */
  async #enter(): Promise<void> {
    const done = this.#waiting.filter(({ end }) => end <= this.#written);
    this.#waiting = this.#waiting.slice(done.length);
    await this.#lines.write(done.map(({ line }) => line).join(""));
  }

  async close(): Promise<void> {
    await this.#turn;
    try {
      await this.#writes.settled();
      await this.#lines.settled();
      await this.#attempt(this.#file.sync().then(() => refuseRemoved(this.#file)));
    } finally {
      await this.#ledger.close();
      await this.#file.close();
    }
  }
}

/** Opens a ledger whose name outlives a power cut, as that of its file may. */
async function openLedger(path: string, runFolder: string): Promise<FileHandle> {
  let ledger: FileHandle | undefined;
  try {
    await mkdir(dirname(path), { recursive: true });
    ledger = await open(path, "a");
    for (let folder = dirname(path); folder.startsWith(runFolder); folder = dirname(folder)) {
      await syncFolder(folder);
    }
    return ledger;
  } catch (error) {
    await ledger?.close();
    throw runErrors.writeFailed(path, error);
  }
}

const lineOf = (entry: Entry) => `${JSON.stringify(entry)}\n`;

/** The whole lines of a ledger. */
function entriesIn(text: string): readonly Entry[] {
  return text
    .split("\n")
    .slice(0, -1)
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Entry];
      } catch {
        return [];
      }
    });
}

/** The entries whose bytes the file has, from its beginning to the first whose are not there or are others. */
async function wholeEntries(
  file: FileHandle,
  entries: readonly Entry[],
): Promise<{ readonly entries: readonly Entry[]; readonly bytes: number; readonly damaged: boolean }> {
  let at = 0;
  for (const [index, [, , bytes, sha256]] of entries.entries()) {
    if ((await digestOf(file, at, bytes)) !== sha256)
      return { entries: entries.slice(0, index), bytes: at, damaged: true };
    at += bytes;
  }
  return { entries, bytes: at, damaged: false };
}

/** SHA-256 of some bytes of a file, of fewer where it ends before. */
async function digestOf(file: FileHandle, from: number, length: number): Promise<string> {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(Math.min(length, 1 << 20));
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, length - at), from + at);
    if (bytesRead === 0) break;
    hash.update(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash.digest("hex");
}

/** A target that ends with the process, as stdout does: a resumed run begins another, with all rows from the first on. */
export function rowStream(target: Target): RowTarget {
  return {
    isBegun: false,
    take: async (_origin, _rows, pieces) => {
      for (const piece of pieces()) {
        await target.write(piece);
        await setImmediate();
      }
    },
    end: (piece) => target.write(piece),
    close: () => target.close(),
  };
}
