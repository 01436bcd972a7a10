import type { Matrix } from "../../engine/engine.js";
import { randomSource } from "../../engine/random.js";
import { type Split, splits } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { ExampleSet, Examples } from "../examples.js";

/**
 * The examples of every split asked for, train first, at most `examples` of each drawn at random. Errors: NO_SPLIT.
 *
 * @param from.source who sent the examples. @param from.place `stages.NAME.with`
 */
export function chosenExamples(
  set: ExampleSet,
  { split, examples }: { readonly split: Split | readonly Split[]; readonly examples?: number },
  from: { readonly seed: (purpose: string) => string; readonly source: string; readonly place: string },
): readonly Examples[] {
  const asked = [split].flat();
  return splits
    .filter((name) => asked.includes(name))
    .map((name) => {
      const all = set[name];
      if (all === undefined) throw spectrumErrors.noSplit(from.source, name, `${from.place}.split`);
      return examples === undefined || examples >= all.ids.length
        ? all
        : randomSubset(all, examples, from.seed(`examples ${name}`));
    });
}

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
