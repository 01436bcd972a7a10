import { createHash } from "node:crypto";
import type { Data, RecordBatch } from "apache-arrow";

/** A digest of the memory a batch lies in. */
export function memoryOf(batch: RecordBatch): string {
  const hash = createHash("sha1");
  const add = (data: Data) => {
    for (const view of [data.values, data.valueOffsets, data.nullBitmap, data.typeIds]) {
      if (ArrayBuffer.isView(view))
        hash.update(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    }
    for (const child of data.children) add(child);
    for (const child of data.dictionary?.data ?? []) add(child);
  };
  add(batch.data);
  return hash.digest("hex");
}
