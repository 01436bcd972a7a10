import { stat } from "node:fs/promises";

/**
 * Bytes of a file of data. Rejects with the system's error, or with one that says what the path leads to instead: a folder,
 * or a pipe or device, whose reading might wait or go on for ever.
 */
export async function regularFileSize(file: string): Promise<number> {
  const found = await stat(file);
  if (found.isFile()) return found.size;
  const kind = found.isDirectory() ? "a folder" : found.isFIFO() ? "a pipe" : "a device";
  throw new Error(`it is ${kind}, not a file`);
}
