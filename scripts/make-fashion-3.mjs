// Cuts examples/data/fashion-3 out of Fashion-MNIST: the first 500 training and the first 300 test images of each of
// classes 0, 1 and 2, in the order of the files. Same input, same bytes.
//   node scripts/make-fashion-3.mjs /usr/share/datasets/fashion-mnist [OUTPUT]
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";

const classes = 3;
const [source, target = fileURLToPath(new URL("../examples/data/fashion-3", import.meta.url))] =
  process.argv.slice(2);
if (source === undefined) {
  console.error("usage: node scripts/make-fashion-3.mjs FOLDER_OF_FASHION_MNIST [OUTPUT]");
  process.exit(2);
}

mkdirSync(target, { recursive: true });
for (const [prefix, perClass] of [
  ["train", 500],
  ["t10k", 300],
]) {
  const imagesName = `${prefix}-images-idx3-ubyte.gz`;
  const labelsName = `${prefix}-labels-idx1-ubyte.gz`;
  const images = gunzipSync(readFileSync(join(source, imagesName)));
  const labels = gunzipSync(readFileSync(join(source, labelsName))).subarray(8);
  const size = images.readUInt32BE(8) * images.readUInt32BE(12);
  const left = new Array(classes).fill(perClass);
  const chosen = [];
  labels.forEach((label, index) => {
    if (label < classes && left[label]-- > 0) chosen.push(index);
  });
  const pixels = chosen.map((index) => images.subarray(16 + index * size, 16 + (index + 1) * size));
  write(imagesName, [counted(images.subarray(0, 16), chosen.length), ...pixels]);
  write(labelsName, [
    counted(Buffer.from([0, 0, 8, 1, 0, 0, 0, 0]), chosen.length),
    Buffer.from(chosen.map((index) => labels[index])),
  ]);
}

/** A header with another number of items. */
function counted(header, count) {
  const copy = Buffer.from(header);
  copy.writeUInt32BE(count, 4);
  return copy;
}

/** Node's gzip writes no time and no name; the byte of the operating system is set to "unknown" as well. */
function write(name, parts) {
  const bytes = gzipSync(Buffer.concat(parts), { level: 9 });
  bytes[9] = 255;
  writeFileSync(join(target, name), bytes);
}
