import { gunzipSync, gzipSync } from "node:zlib";
import { idx } from "../../../stages/data/idx.js";
import { idxBytes, pixelOf } from "../../support/idx.js";
import { readByStage } from "../examples.js";
import { mutated, pick } from "../mutate.js";
import type { Reader } from "../reader.js";
import type { Sample } from "../sample.js";

const labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 2];
const images = (count: number) =>
  Array.from({ length: count * 6 }, (_, place) => pixelOf(Math.floor(place / 6), place % 6));

const plain: Sample = {
  "train-images-idx3-ubyte": idxBytes([labels.length, 2, 3], images(labels.length)),
  "train-labels-idx1-ubyte": idxBytes([labels.length], labels),
  "t10k-images-idx3-ubyte": idxBytes([3, 2, 3], images(3)),
  "t10k-labels-idx1-ubyte": idxBytes([3], [0, 1, 2]),
};

const optionSets = [{}, { train: 6, test: 3 }, { classes: [2, 0], test: 0 }, { standardise: "per-example" }];

const reader = (name: string, corpus: readonly Sample[], change: Reader["mutate"]): Reader => ({
  name,
  corpus: async () => corpus,
  mutate: change,
  read: (folder, sample) => {
    // Any function of the sample will do that changes with it.
    const choice = Object.values(sample).reduce((sum, file) => sum + file.length + (file.at(-1) ?? 0), 0);
    return readByStage(idx, { path: ".", ...optionSets[choice % optionSets.length] }, folder);
  },
});

/** Files of MNIST's format. */
export const idxReader = reader("IDX", [plain], (sample, random) => {
  const name = pick(random, Object.keys(sample));
  return { ...sample, [name]: mutated(sample[name], random, Object.values(sample)) };
});

const zipped: Sample = Object.fromEntries(
  Object.entries(plain).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]),
);

/** The same compressed: the compressed bytes changed, or what they hold. */
export const idxGzReader = reader("IDX gz", [zipped], (sample, random) => {
  const name = pick(random, Object.keys(sample));
  const changed =
    random.integer(2) === 0
      ? mutated(sample[name], random, Object.values(sample))
      : gzipSync(mutated(gunzipSync(sample[name]), random, Object.values(plain)), { level: 1 });
  return { ...sample, [name]: changed };
});
