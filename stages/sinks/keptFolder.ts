import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { piecesOf } from "../../schemas/digest.js";
import { checksumsFile } from "../../schemas/document.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";
import { type Checksums, checksumsText, damageOf, type KeptPart, readChecksums } from "./checksums.js";
import { AtomicFile, type FileSystem, writeFileAtomically } from "./files.js";
import type { PartFile } from "./keptTables.js";
import type { EarlierPart } from "./parts.js";

/** Who keeps what in a folder. */
export interface KeptFolderOptions {
  /** `tables/TABLE/STAGE`. */
  readonly path: string;
  readonly table: string;
  readonly stage: string;
  /** The sink's name in the pipeline. */
  readonly sink: string;
  readonly files: FileSystem;
  readonly warn: (message: string) => void;
}

/**
 * The folder of one table of one stage, and what `_checksums.json` in it says of its parts. What a part will be is written
 * there before the part appears, so that at any moment every whole part is known by its checksum.
 */
export class KeptFolder {
  readonly #options: KeptFolderOptions;
  readonly #parts: Map<string, KeptPart>;
  readonly earlier: readonly EarlierPart[];

  private constructor(
    options: KeptFolderOptions,
    parts: ReadonlyMap<string, KeptPart>,
    earlier: readonly EarlierPart[],
  ) {
    this.#options = options;
    this.#parts = new Map(parts);
    this.earlier = earlier;
  }

  /**
   * Makes the folder, or takes it up where the same sink left it when its run was cut off: parts that are not whole any
   * more are named in the log and not counted as there. TABLE_HAS_WRITER, WRITE_FAILED.
   */
  static async open(options: KeptFolderOptions): Promise<KeptFolder> {
    const { path, table, stage, sink, files, warn } = options;
    const isNew = await files.makeFolder(path).catch((error) => {
      throw runErrors.writeFailed(path, error);
    });
    if (isNew) return new KeptFolder(options, new Map(), []);
    const found = await readChecksums(path).catch((error: unknown) => {
      if (!(error instanceof JacoflowError)) throw error;
      warn(`${error.message}; the parts beside it are written again`);
      return { sink, parts: [], next: null } satisfies Checksums;
    });
    // Without checksums it was made in this very run: a run that is resumed begins without such folders.
    if (found === undefined || found.sink !== sink) throw sinkErrors.tableHasWriter(path, table, stage);
    const parts = new Map(found.parts.map((part) => [part.file, part]));
    const written = [...found.parts, ...(found.next === null ? [] : [found.next])];
    const names = [...new Set(written.map(({ file }) => file))].sort();
    const earlier: EarlierPart[] = [];
    for (const [index, name] of names.entries()) {
      const versions = written.filter(({ file }) => file === name);
      const kept = await wholeOf(join(path, name), versions);
      if (kept !== undefined) parts.set(name, kept);
      else if (parts.has(name)) {
        warn(`${join(path, name)} ${await damageOf(join(path, name), versions)}; it is written again`);
      }
      earlier.push({
        rows: kept?.rows,
        // A part that another one follows has its last row.
        ...(index < names.length - 1 ? { end: versions[0].rows } : {}),
      });
    }
    // Nobody can say whether such a part is whole; its rows come again.
    for (const name of await readdir(path)) {
      if (name.startsWith("part-") && !names.includes(name)) await files.remove(join(path, name));
    }
    return new KeptFolder(options, parts, earlier);
  }

  /** Writes a part, which is at its path when this resolves, or what was there before. Errors: those of `write` and the disk. */
  async write(name: string, rows: number, write: (file: PartFile) => Promise<void>): Promise<void> {
    const { path, files } = this.#options;
    const file = new AtomicFile(join(path, name), files);
    const hash = createHash("sha256");
    let bytes = 0;
    const digest = async (chunk: Uint8Array) => {
      for (const [at, piece] of piecesOf(chunk).entries()) {
        if (at > 0) await setImmediate();
        hash.update(piece);
      }
    };
    const append = async (chunk: Uint8Array) => {
      bytes += chunk.length;
      await Promise.all([file.append(chunk), digest(chunk)]);
    };
    try {
      await write({ path: file.path, append });
      const part = { file: name, rows, bytes, sha256: hash.digest("hex") };
      await file.complete(() => this.#remember(part));
      this.#parts.set(name, part);
    } catch (error) {
      await file.abandon();
      throw error;
    }
  }

  /** Makes what was kept outlive a power cut; the folder goes where nothing was kept. Errors: DISK_FULL, WRITE_FAILED. */
  async settle(): Promise<void> {
    const { path, files } = this.#options;
    if (this.#parts.size === 0) {
      await files.remove(join(path, checksumsFile)).catch(() => undefined);
      await files.removeEmptyFolder(path).catch(() => undefined);
      return;
    }
    await this.#remember(null);
    const above = dirname(path);
    // The schema is above the parts, and is not written again where all parts are there: its name comes first.
    for (const folder of [dirname(dirname(above)), dirname(above), above, path]) {
      await files.syncFolder(folder).catch((error) => {
        throw runErrors.writeFailed(folder, error);
      });
    }
  }

  /** Parts that were written, whether they still are whole or not. */
  get length(): number {
    return this.#parts.size;
  }

  /** Takes away what an earlier run has left beyond so many parts. */
  async keepOnly(count: number): Promise<void> {
    const { path, files, warn } = this.#options;
    for (const name of [...this.#parts.keys()].sort().slice(count)) {
      warn(`${join(path, name)} is no part of this table and is removed`);
      this.#parts.delete(name);
      await this.#remember(null);
      await files.remove(join(path, name)).catch((error) => {
        throw runErrors.writeFailed(join(path, name), error);
      });
    }
  }

  async #remember(next: KeptPart | null): Promise<void> {
    const { path, sink, files } = this.#options;
    const parts = [...this.#parts.values()].sort((left, right) => (left.file < right.file ? -1 : 1));
    const text = checksumsText({ sink, parts, next });
    await writeFileAtomically(join(path, checksumsFile), text, files);
  }
}

/** The version of a part that is there and whole. */
async function wholeOf(path: string, versions: readonly KeptPart[]): Promise<KeptPart | undefined> {
  for (const version of versions) if ((await damageOf(path, [version])) === undefined) return version;
  return undefined;
}
