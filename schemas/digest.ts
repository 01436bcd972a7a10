import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";

/** Bytes read, written or digested between two turns of the event loop. */
export const pieceBytes = 1 << 22;

/** SHA-256 of the bytes of numbers, one array after the other, hexadecimal. */
export async function digestOf(...arrays: readonly (Float32Array | Int32Array)[]): Promise<string> {
  const digest = createHash("sha256");
  for (const piece of arrays.flatMap(piecesOf)) {
    digest.update(piece);
    await setImmediate();
  }
  return digest.digest("hex");
}

/** The bytes of numbers, or bytes, in pieces that hold nobody up. */
export function piecesOf({
  buffer,
  byteOffset,
  byteLength,
}: Float32Array | Float64Array | Int32Array | Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(byteLength / pieceBytes) }, (_, index) => {
    const from = index * pieceBytes;
    return new Uint8Array(buffer, byteOffset + from, Math.min(pieceBytes, byteLength - from));
  });
}
