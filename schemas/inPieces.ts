import { joinChunks } from "./ipc.js";

const pieceBytes = 1 << 20;

/** The same bytes in chunks of a size that is worth a call. */
export function* inPieces(chunks: Iterable<Uint8Array>): Iterable<Uint8Array> {
  let small: Uint8Array[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    if (bytes + chunk.length > pieceBytes && bytes > 0) {
      yield joinChunks(small);
      small = [];
      bytes = 0;
    }
    if (chunk.length > pieceBytes) {
      yield chunk;
    } else {
      small.push(chunk);
      bytes += chunk.length;
    }
  }
  if (bytes > 0) yield joinChunks(small);
}
