import { setImmediate } from "node:timers/promises";
import type { Table } from "apache-arrow";
import { Type } from "typebox";
import { randomSource } from "../../engine/random.js";
import { type Additions, defineStage, noAdditions, output, whole } from "../../pipeline/stage.js";
import { type Split, splits } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { examplesTable, type LabelNoise } from "../../schemas/tables/examples.js";
import { addedWords, variantsOf } from "../additions.js";
import { throwAll } from "../check.js";
import { checkClasses, classCount, type ExampleSet, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { countOf } from "../plannedTable.js";
import { addedLaw } from "./added.js";
import { corrupt, type NoiseKind, noiseKinds, selectedLaw, transition } from "./corruption.js";

const splitName = Type.Union(splits.map((split) => Type.Literal(split)));

/** Laws of noise that plugins add. */
type AddedNoises = Additions["labelNoises"];

const commonOptions = (added: AddedNoises) => ({
  fraction: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description:
        "share of the examples of a split that are selected: round(fraction · n) of them; needed unless kind is matrix, where it is 1 when left out",
    }),
  ),
  kind: Type.Union(
    [...noiseKinds, ...added.keys()].map((kind) => Type.Literal(kind)),
    {
      default: "uniform-other",
      description: `what a selected example's label becomes: uniform-other (one of the K − 1 other classes), uniform-any (any class, its own too), pair-flip (the next class, the last becomes the first), matrix (drawn from the row of its class)${addedWords(added)}`,
    },
  ),
  split: Type.Union([splitName, Type.Array(splitName, { minItems: 1, uniqueItems: true })], {
    default: "train",
    description: "train, test, or a list of both: the splits whose labels are changed",
  }),
});

const matrixOption = {
  matrix: Type.Optional(
    Type.Array(Type.Array(Type.Number({ minimum: 0, maximum: 1 }), { minItems: 1 }), {
      minItems: 1,
      description:
        "for kind matrix: K rows of K probabilities; row c is the law of the new label of a selected example of class c",
    }),
  ),
};

const noiseOptions = (added: AddedNoises) => {
  const { fraction, kind, split } = commonOptions(added);
  return Type.Object({ fraction, kind, ...matrixOption, split }, { additionalProperties: false });
};

interface NoiseOptions {
  readonly fraction?: number;
  /** One of ours, or one that a plugin adds. */
  readonly kind: string;
  readonly matrix?: readonly (readonly number[])[];
  readonly split: Split | readonly Split[];
}

/** The stage, with the laws of noise of plugins. */
export const labelsNoise = (added: AddedNoises) =>
  defineStage({
    name: "labels/noise",
    summary: "Changes a share of the labels at random and keeps the clean ones beside them",
    options: noiseOptions(added),
    variants: { option: "kind", schemas: variantsOf(commonOptions(added), added) },
    inputs: { examples: whole("examples", "examples with clean labels") },
    outputs: {
      examples: output(
        "examples",
        "the same examples with noisy labels; the law of the noise in the metadata",
      ),
    },
    checkOptions: ({ options, place }) => throwAll(optionErrors(options, place)),
    plan: (options, { inputs, place }) => {
      const { origin, ...examples } = inputs.examples!;
      const { examples: counts, classes } = examples;
      if (counts === undefined) return {};
      for (const split of [options.split].flat()) {
        if (counts[split] === undefined) throw noExamples(split, nameOf({ origin }), place);
      }
      if (classes !== undefined) lawOf(options, added, classes, place);
      return {
        memoryBytes: 12 * countOf(counts),
        work: { flops: 0, seconds: 0 },
        outputs: { examples },
      };
    },
    run: async (inputs, outputs, context) => {
      const place = `stages.${context.stage}`;
      throwAll(optionErrors(context.options, place));
      const { table } = inputs.examples;
      const set = readExamples(table);
      const from = nameOf(inputs.examples);
      refuseNoisy(set, from);
      const noisy = await addNoise(set, context.options, added, context.seed, from, place);
      await outputs.examples.send(withLabels(table, set, noisy));
    },
  });

export const noise = labelsNoise(noAdditions.labelNoises);

interface Noisy {
  readonly labels: Partial<Record<Split, Int32Array>>;
  readonly noise: LabelNoise;
}

/**
 * All splits of one run share the law (1 − ρ) I + ρ M with ρ the share selected over all of them. The event loop gets a
 * turn between the splits.
 */
async function addNoise(
  set: ExampleSet,
  options: NoiseOptions,
  added: AddedNoises,
  seed: (purpose: string) => string,
  from: string,
  place: string,
): Promise<Noisy> {
  const { fraction = 1, kind, split } = options;
  const classes = classCount(set);
  checkClasses(set, classes, place);
  const law = lawOf(options, added, classes, place);
  const labels: Partial<Record<Split, Int32Array>> = {};
  let selected = 0;
  let total = 0;
  const chosen = splits.filter((name) => [split].flat().includes(name));
  for (const name of chosen) {
    const part = set[name];
    if (part === undefined) throw noExamples(name, from, place);
    await setImmediate();
    const result = corrupt(part.labels, fraction, law, randomSource(seed(name)));
    labels[name] = result.labels;
    selected += result.selected;
    total += part.labels.length;
  }
  await setImmediate();
  return {
    labels,
    noise: { kind, fraction, splits: chosen, transition: transition(selected / total, law) },
  };
}

function noExamples(split: Split, from: string, place: string): JacoflowError {
  const reason = `there are no ${split} examples from ${from} to add noise to`;
  return dataErrors.option(`${place}.with.split`, reason, `Leave ${split} out of split.`, split);
}

/** The law of a selected label; row c is that of class c. */
function lawOf(
  options: NoiseOptions,
  added: AddedNoises,
  classes: number,
  place: string,
): readonly (readonly number[])[] {
  const { kind, matrix } = options;
  const addition = added.get(kind);
  const law =
    addition === undefined
      ? (matrix ?? selectedLaw(kind as Exclude<NoiseKind, "matrix">, classes))
      : addedLaw(kind, addition, options, classes, `${place}.with.kind`);
  if (law.length !== classes) {
    throw dataErrors.option(
      `${place}.with.matrix`,
      `the matrix is ${law.length} × ${law.length}, the examples have ${classes} classes`,
      `Give ${classes} rows of ${classes} probabilities.`,
      law,
    );
  }
  if (kind === "uniform-other" && classes < 2) {
    throw dataErrors.option(
      `${place}.with.kind`,
      `uniform-other needs two classes at least, there is ${classes}`,
      "Use data with more classes, or uniform-any.",
      classes,
    );
  }
  return law;
}

/** A batch over the same features, in the order of the table. */
function withLabels(table: Table, set: ExampleSet, { labels, noise }: Noisy) {
  const { shape, classes } = set;
  const columns = examplesTable(shape).read(table);
  const label = Int32Array.from(columns.label);
  const at = { train: 0, test: 0 };
  columns.split.forEach((split, row) => {
    const changed = labels[split];
    if (changed !== undefined) label[row] = changed[at[split]];
    at[split] += 1;
  });
  return examplesTable(shape, { ...(classes === undefined ? {} : { classes }), noise }).batch(
    { ...columns, label },
    columns.length,
  );
}

/** Noise on noise would make the law in the metadata wrong. */
function refuseNoisy(set: ExampleSet, from: string): void {
  const changed = [set.train, set.test].reduce(
    (sum, part) =>
      sum + (part?.labels.reduce((n, label, row) => n + (label === part.cleanLabels[row] ? 0 : 1), 0) ?? 0),
    0,
  );
  if (set.noise !== undefined || changed > 0) throw dataErrors.alreadyNoisy(from, changed);
}

function optionErrors({ fraction, kind, matrix }: NoiseOptions, place: string): readonly JacoflowError[] {
  const errors: JacoflowError[] = [];
  if (kind === "matrix" && matrix === undefined) {
    errors.push(
      dataErrors.option(
        `${place}.with.matrix`,
        "kind matrix needs a matrix",
        "Give K rows of K probabilities.",
      ),
    );
  }
  if (kind !== "matrix" && matrix !== undefined) {
    errors.push(
      dataErrors.option(
        `${place}.with.matrix`,
        `kind ${kind} takes no matrix`,
        "Leave it out, or set kind: matrix.",
        matrix,
      ),
    );
  }
  if (kind !== "matrix" && fraction === undefined) {
    errors.push(
      dataErrors.option(
        `${place}.with.fraction`,
        `kind ${kind} needs a fraction`,
        "Give a number from 0 to 1.",
      ),
    );
  }
  matrix?.forEach((row, c) => {
    const sum = row.reduce((total, value) => total + value, 0);
    const rowPlace = `${place}.with.matrix[${c}]`;
    if (row.length !== matrix.length) {
      const reason = `row ${c} has ${row.length} numbers, the matrix ${matrix.length} rows`;
      errors.push(dataErrors.option(rowPlace, reason, "Make the matrix square.", row));
    } else if (Math.abs(sum - 1) > 1e-9) {
      const reason = `row ${c} sums to ${sum}, not to 1`;
      errors.push(dataErrors.option(rowPlace, reason, "Make every row a probability law.", row));
    }
  });
  return errors;
}
