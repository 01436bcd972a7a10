import type { RecordBatch, Schema } from "apache-arrow";
import { encodeArrow } from "../../schemas/ipc.js";
import { AtomicFile, type FileSystem } from "./files.js";

/** Writes batches as one Arrow IPC file; an error leaves what was at `path`. */
export async function writeArrowPart(
  path: string,
  schema: Schema,
  batches: readonly RecordBatch[],
  files: FileSystem,
): Promise<void> {
  const file = new AtomicFile(path, files);
  for (const chunk of await encodeArrow(schema, batches)) await file.append(chunk);
  await file.complete();
}
