import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";
import type { RecordBatch } from "apache-arrow";
import { runErrors } from "../../schemas/errors/pipeline.js";
import { inPieces } from "../../schemas/inPieces.js";
import { decodeArrow, encodeArrow } from "../../schemas/ipc.js";
import { fill } from "./journalState.js";

/** A batch and the number of the port it was sent on. */
export interface SentBatch {
  readonly port: number;
  readonly batch: RecordBatch;
}

/**
 * A file of sent batches, in order. Each is a frame: number of its port and length of what follows (4 bytes each), then an
 * Arrow IPC stream of it alone. Frames are only ever appended behind `bytes`; what is there of an earlier life is cut off.
 */
export class BatchesFile {
  readonly path: string;
  #bytes: number;
  readonly #digest: Hash;
  #cut = false;

  /** `kept`: bytes that belong to the file already, and their digest so far. */
  constructor(path: string, kept?: { readonly bytes: number; readonly digest: Hash }) {
    this.path = path;
    this.#bytes = kept?.bytes ?? 0;
    this.#digest = kept?.digest ?? createHash("sha256");
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of all bytes so far, hexadecimal. */
  get digest(): string {
    return this.#digest.copy().digest("hex");
  }

  /** Appends frames; `durable`: they are on the disk afterwards. Errors: DISK_FULL, WRITE_FAILED. */
  async append(batches: readonly SentBatch[], durable: boolean): Promise<void> {
    try {
      const handle = await open(this.path, this.#bytes === 0 ? "w" : "r+");
      try {
        if (!this.#cut) await handle.truncate(this.#bytes);
        this.#cut = true;
        for (const each of batches) {
          for (const piece of inPieces(await frameOf(each))) {
            for (let at = 0; at < piece.length; ) {
              const { bytesWritten } = await handle.write(piece, at, piece.length - at, this.#bytes + at);
              at += bytesWritten;
            }
            this.#digest.update(piece);
            this.#bytes += piece.length;
          }
        }
        if (durable) await handle.datasync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw runErrors.writeFailed(this.path, error);
    }
  }
}

async function frameOf({ port, batch }: SentBatch): Promise<readonly Uint8Array[]> {
  const chunks = await encodeArrow(batch.schema, [batch], "stream");
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, port, true);
  view.setUint32(
    4,
    chunks.reduce((bytes, chunk) => bytes + chunk.byteLength, 0),
    true,
  );
  return [head, ...chunks];
}

/** The batches in the first `bytes` of a file, one in memory at a time. Throws what Arrow, or the disk, says is wrong. */
export async function* sentBatches(path: string, bytes: number): AsyncIterable<SentBatch> {
  if (bytes === 0) return;
  const handle = await open(path);
  try {
    const head = new Uint8Array(8);
    for (let at = 0; at < bytes; ) {
      await fill(handle, head);
      const view = new DataView(head.buffer);
      const length = view.getUint32(4, true);
      at += head.length + length;
      if (at > bytes) throw new Error("a batch ends behind the end");
      const frame = new Uint8Array(length);
      await fill(handle, frame);
      for (const batch of decodeArrow(frame).batches) yield { port: view.getUint32(0, true), batch };
    }
  } finally {
    await handle.close();
  }
}
