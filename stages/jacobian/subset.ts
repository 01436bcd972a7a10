import type { Matrix } from "../../engine/engine.js";
import { randomSource } from "../../engine/random.js";
import type { Examples } from "../examples.js";

/** `count` of the examples, drawn without replacement, in their old order; features copied to shared memory. */
export function randomSubset(examples: Examples, count: number, seed: string): Examples {
  const chosen = randomSource(seed).permutation(examples.ids.length).slice(0, count).sort();
  const { columns, values } = examples.features;
  const features: Matrix = {
    ...{ rows: count, columns },
    values: new Float32Array(new SharedArrayBuffer(4 * count * columns)),
  };
  chosen.forEach((row, index) => {
    features.values.set(values.subarray(row * columns, (row + 1) * columns), index * columns);
  });
  return {
    split: examples.split,
    features,
    ids: chosen.map((row) => examples.ids[row]),
    labels: chosen.map((row) => examples.labels[row]),
    cleanLabels: chosen.map((row) => examples.cleanLabels[row]),
  };
}
