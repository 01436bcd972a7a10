import { type FileHandle, open } from "node:fs/promises";
import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";
import { sizeLimit } from "./source.js";

/** A character of UTF-8 has at most four bytes. */
const byteLimit = 4 * sizeLimit;

/**
 * The text of a pipeline file, without a byte order mark. No more is read than such a file may have, whatever the path
 * leads to. Errors: FILE_NOT_READABLE, FILE_TOO_LARGE, FILE_ENCODING (anything but UTF-8).
 */
export async function readSource(file: string): Promise<string> {
  const bytes = await readBounded(file);
  if (bytes.length > byteLimit) throw fileErrors.tooLarge(sizeLimit, file);
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") throw fileErrors.encoding("it is UTF-16", file);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw fileErrors.encoding(`byte ${firstWrongByte(bytes)} begins no character`, file);
  }
}

async function readBounded(file: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file);
    const chunks: Buffer[] = [];
    let length = 0;
    // A pipe or a device says nothing true about its size.
    for await (const chunk of handle.createReadStream({ end: byteLimit, autoClose: false })) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
    }
    return Buffer.concat(chunks, length);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : message;
    throw commandLineErrors.fileNotReadable(file, reason);
  } finally {
    await handle?.close();
  }
}

/** Where the bytes stop being UTF-8, from 1. */
function firstWrongByte(bytes: Buffer): number {
  const text = bytes.toString("utf8");
  const before = text.slice(0, text.indexOf("\ufffd"));
  return Buffer.byteLength(before) + 1;
}
