import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** The bytes of an IDX file. */
export function idxBytes(dimensions: readonly number[], items: ArrayLike<number>, type = 8): Buffer {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head[2] = type;
  head[3] = dimensions.length;
  dimensions.forEach((side, axis) => {
    head.writeUInt32BE(side, 4 + 4 * axis);
  });
  return Buffer.concat([head, Uint8Array.from(items)]);
}

/** One pixel of a test image: differs by image and place, never the same over a whole image. */
export function pixelOf(image: number, place: number, offset = 0): number {
  return (image * 31 + place * 7 + (place % 3) * 11 + offset) % 256;
}

/** Writes `PREFIX-images-idx3-ubyte` and `PREFIX-labels-idx1-ubyte`, gzipped or not, images of `side`. */
export async function writeIdxPair(
  folder: string,
  prefix: string,
  labels: readonly number[],
  {
    side = [2, 3],
    gz = false,
    offset = 0,
  }: { side?: readonly [number, number]; gz?: boolean; offset?: number } = {},
): Promise<void> {
  const size = side[0] * side[1];
  const pixels = labels.flatMap((_, image) =>
    Array.from({ length: size }, (_, place) => pixelOf(image, place, offset)),
  );
  const pack = (bytes: Buffer) => (gz ? gzipSync(bytes) : bytes);
  const ending = gz ? ".gz" : "";
  await writeFile(
    join(folder, `${prefix}-images-idx3-ubyte${ending}`),
    pack(idxBytes([labels.length, ...side], pixels)),
  );
  await writeFile(
    join(folder, `${prefix}-labels-idx1-ubyte${ending}`),
    pack(idxBytes([labels.length], labels)),
  );
}
