import { createReadStream } from "node:fs";
import { dataErrors } from "../../schemas/errors/data.js";
import { regularFileSize } from "../regularFile.js";

/**
 * CIFAR-10's binary version (A. Krizhevsky 2009): records of one label byte and 32 × 32 pixels a channel, the red ones,
 * the green ones, the blue ones, each row by row.
 */
export const side = 32;
export const channels = 3;
const plane = side * side;
const recordLength = 1 + channels * plane;
/** Some 300 kB at a time: a piece is dealt with in a few milliseconds. */
const pieceLength = 100 * recordLength;

/** Records in a file, by its size. Errors: DATA_FILE_UNREADABLE; CIFAR10_LENGTH when it is not whole records. */
export async function countRecords(file: string): Promise<number> {
  let size: number;
  try {
    size = await regularFileSize(file);
  } catch (error) {
    throw dataErrors.unreadable(file, error);
  }
  if (size === 0 || size % recordLength !== 0) throw dataErrors.cifar10Length(file, size, recordLength);
  return size / recordLength;
}

/**
 * Reads a file front to back in pieces and hands over every record: its label and its pixels as they stand in the file,
 * a view that the next record overwrites. Errors: DATA_FILE_UNREADABLE, CIFAR10_LENGTH; LABEL_OUT_OF_RANGE for a label
 * above 9.
 */
export async function readRecords(
  file: string,
  take: (index: number, label: number, pixels: Uint8Array) => void,
  signal?: AbortSignal,
): Promise<void> {
  const count = await countRecords(file);
  let rest: Uint8Array = new Uint8Array();
  let index = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: pieceLength })) {
      signal?.throwIfAborted();
      const bytes: Uint8Array = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      for (; at + recordLength <= bytes.length; at += recordLength) {
        const label = bytes[at];
        if (label >= classNames.length) throw dataErrors.unknownLabel(file, index, label, classNames.length);
        take(index, label, bytes.subarray(at + 1, at + recordLength));
        index += 1;
      }
      rest = bytes.subarray(at);
    }
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw typeof code === "string" && typeof syscall === "string"
      ? dataErrors.unreadable(file, error)
      : error;
  }
  if (index !== count || rest.length > 0) {
    throw dataErrors.cifar10Length(file, index * recordLength + rest.length, recordLength);
  }
}

/** Puts an image's channels last, [32, 32, 3], from one that has them first. */
export function channelsLast(pixels: Uint8Array, image: Uint8Array): void {
  for (let at = 0; at < plane; at += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      image[at * channels + channel] = pixels[channel * plane + at];
    }
  }
}

/** Classes 0 … 9 as batches.meta.txt names them. */
export const classNames = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;
