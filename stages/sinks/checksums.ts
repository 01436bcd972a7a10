import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { checksumsFile } from "../../schemas/document.js";
import { sinkErrors } from "../../schemas/errors/sinks.js";

/** What is known of bytes without having them. */
export interface Sum {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** A part as its sink wrote it. */
export interface KeptPart extends Sum {
  readonly file: string;
  readonly rows: number;
}

/** What `tables/TABLE/STAGE/_checksums.json` says. */
export interface Checksums {
  /** The sink's name in the pipeline. */
  readonly sink: string;
  readonly parts: readonly KeptPart[];
  /** The part that was about to appear: a run that was killed left it, or what is among `parts`, or neither. */
  readonly next: KeptPart | null;
}

const digestOf = (text: string) => createHash("sha256").update(text).digest("hex");

/** The text of the file: it carries a checksum of itself. */
export function checksumsText({ sink, parts, next }: Checksums): string {
  const checksums = { sink, parts, next };
  return `${JSON.stringify({ ...checksums, sha256: digestOf(JSON.stringify(checksums)) }, null, 1)}\n`;
}

/** The checksums of a stage's folder; undefined where nothing wrote any. DAMAGED_PART of the file when it is not whole. */
export async function readChecksums(folder: string): Promise<Checksums | undefined> {
  const path = join(folder, checksumsFile);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw sinkErrors.unreadableTable(path, error);
  });
  if (text === undefined) return undefined;
  try {
    const { sha256, ...found } = JSON.parse(text) as Checksums & { readonly sha256: string };
    if (digestOf(JSON.stringify(found)) === sha256) return found;
  } catch {
    // Said below: it is no longer JSON.
  }
  throw sinkErrors.damagedPart(path, "is not what was written: the checksum it carries is another");
}

/** Bytes read at a time: their checksum takes less than 5 ms. */
const pieceBytes = 1 << 20;

/** Reads a whole file. Rejects with the system's error. */
export async function sumOf(path: string): Promise<Sum> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** How a part differs from what was written, in words that follow its name; undefined when it is whole. */
export async function damageOf(path: string, wanted: readonly Sum[]): Promise<string | undefined> {
  const found = await sumOf(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    return error;
  });
  if (found === undefined) return "is missing, and its stage sent rows into it";
  if (found instanceof Error) return `cannot be read: ${found.message}`;
  if (wanted.some(({ sha256 }) => sha256 === found.sha256)) return undefined;
  const sizes = [...new Set(wanted.map(({ bytes }) => bytes))];
  if (!sizes.includes(found.bytes)) return `has ${found.bytes} bytes where ${sizes[0]} were written`;
  return "is not what was written: its checksum is another";
}

/** Looks at a file that a run may be replacing, before it is called damaged. */
const mostLooks = 20;

/**
 * Compares a part with what its sink wrote down of it. A file of which nothing was written down passes, and so does one
 * that a run replaces meanwhile. DAMAGED_PART.
 */
export async function checkPart(path: string): Promise<void> {
  for (let look = 1; ; look++) {
    const before = await stampOf(path);
    const checksums = await readChecksums(dirname(path));
    const wanted = [...(checksums?.parts ?? []), ...(checksums?.next ? [checksums.next] : [])].filter(
      ({ file }) => file === basename(path),
    );
    if (wanted.length === 0) return;
    const damage = await damageOf(path, wanted);
    if (damage === undefined) return;
    if (look === mostLooks || (await stampOf(path)) === before) throw sinkErrors.damagedPart(path, damage);
  }
}

/** Changes whenever the part or what is written of it does. */
async function stampOf(path: string): Promise<string> {
  const stamps = [path, join(dirname(path), checksumsFile)].map(fileStamp);
  return (await Promise.all(stamps)).join(", ");
}

/** Changes whenever a file is replaced; empty for one that is not there. */
export async function fileStamp(file: string): Promise<string> {
  const about = await stat(file).catch(() => undefined);
  return about === undefined ? "" : `${about.ino} ${about.size} ${about.mtimeMs}`;
}
