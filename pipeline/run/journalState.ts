import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { pieceBytes, piecesOf } from "../../schemas/digest.js";
import { inPieces } from "../../schemas/inPieces.js";
import type { JournalArray, JournalIdentity, JournalState } from "../stage.js";
import { writeFileAtomic } from "./folder.js";

/** A state and the batches it follows. */
export interface KeptState extends JournalState {
  readonly identity: JournalIdentity;
  /** The stage's output ports, by the numbers that frames have. */
  readonly ports: readonly string[];
  /** Batches sent. */
  readonly sent: number;
  /** Of the file of batches, what belongs to this state. */
  readonly bytes: number;
  /** SHA-256 of these bytes, hexadecimal. */
  readonly digest: string;
}

const arrayTypes = { Float32Array, Float64Array, Int32Array } as const;

interface Header extends Omit<KeptState, "arrays"> {
  readonly format: 1;
  readonly arrays: readonly {
    readonly name: string;
    readonly type: keyof typeof arrayTypes;
    readonly length: number;
  }[];
}

const digestBytes = 32;

/**
 * Writes a state so that it is there whole or not at all, also after a power cut, but for its name: length of the header
 * (4 bytes), header (JSON), the arrays' bytes as they are in memory, SHA-256 of all that. Errors: DISK_FULL, WRITE_FAILED.
 */
export async function writeState(path: string, { arrays, ...rest }: KeptState): Promise<void> {
  const named = Object.entries(arrays);
  const header: Header = {
    ...{ format: 1, ...rest },
    arrays: named.map(([name, values]) => ({ name, type: typeOf(values), length: values.length })),
  };
  const text = new TextEncoder().encode(JSON.stringify(header));
  const pieces = [sizeOf(text), text, ...named.flatMap(([, values]) => piecesOf(values))];
  const digest = createHash("sha256");
  for (const piece of pieces) {
    digest.update(piece);
    if (piece.length === pieceBytes) await setImmediate();
  }
  await writeFileAtomic(path, [...inPieces([...pieces, digest.digest()])]);
}

/** Reads a state. Throws an Error that says what is wrong with the file. */
export async function readState(path: string): Promise<KeptState> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const digest = createHash("sha256");
    const first = new Uint8Array(4);
    await fill(handle, first, digest);
    const length = new DataView(first.buffer).getUint32(0, true);
    if (4 + length + digestBytes > size) throw new Error("it is cut off");
    const text = new Uint8Array(length);
    await fill(handle, text, digest);
    const header = headerIn(text);
    const sizes = header.arrays.map((array) => arrayTypes[array.type].BYTES_PER_ELEMENT * array.length);
    const expected = sizes.reduce((sum, bytes) => sum + bytes, 4 + length + digestBytes);
    if (expected !== size) throw new Error(`it has ${size} bytes where ${expected} belong`);
    const arrays: Record<string, JournalArray> = {};
    for (const { name, type, length: count } of header.arrays) {
      const values = new arrayTypes[type](count);
      for (const piece of piecesOf(values)) await fill(handle, piece, digest);
      arrays[name] = values;
    }
    const last = new Uint8Array(digestBytes);
    await fill(handle, last);
    if (!digest.digest().equals(last)) throw new Error("it is not what was written");
    return { ...header, arrays };
  } finally {
    await handle.close();
  }
}

/** SHA-256 of the first `bytes` of a file, to go on with. Throws an Error when it is shorter. */
export async function hashOfFile(path: string, bytes: number): Promise<Hash> {
  const digest = createHash("sha256");
  if (bytes === 0) return digest;
  const handle = await open(path);
  try {
    const piece = new Uint8Array(Math.min(pieceBytes, bytes));
    for (let at = 0; at < bytes; at += piece.length) {
      await fill(handle, piece.subarray(0, Math.min(piece.length, bytes - at)), digest);
    }
  } finally {
    await handle.close();
  }
  return digest;
}

/** Fills an array with the next bytes of a file. */
export async function fill(
  handle: FileHandle,
  bytes: Uint8Array,
  digest?: { update(bytes: Uint8Array): unknown },
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at);
    if (bytesRead === 0) throw new Error("it ends too early");
    at += bytesRead;
  }
  digest?.update(bytes);
}

function headerIn(text: Uint8Array): Header {
  const header = JSON.parse(new TextDecoder().decode(text)) as Partial<Header> | null;
  if (header?.format !== 1) throw new Error(`its format is ${JSON.stringify(header?.format)}, not 1`);
  for (const { type, length } of header.arrays ?? []) {
    if (!(type in arrayTypes) || !Number.isSafeInteger(length) || length < 0) {
      throw new Error(`it holds an array of ${length} ${type}`);
    }
  }
  return header as Header;
}

function typeOf(values: JournalArray): keyof typeof arrayTypes {
  if (values instanceof Float32Array) return "Float32Array";
  return values instanceof Float64Array ? "Float64Array" : "Int32Array";
}

function sizeOf(bytes: Uint8Array): Uint8Array {
  const size = new Uint8Array(4);
  new DataView(size.buffer).setUint32(0, bytes.length, true);
  return size;
}
