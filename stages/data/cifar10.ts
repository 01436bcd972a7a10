import { join } from "node:path";
import { type Static, Type } from "typebox";
import { defineStage, output, type StageContext } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { examplesTable } from "../../schemas/tables/examples.js";
import { runAll } from "../check.js";
import { channels, channelsLast, classNames, countRecords, readRecords, side } from "./cifar10File.js";
import { countOptions, dataPlan, splitsOf } from "./counts.js";
import { listFolder } from "./folder.js";
import { type Selection, selectExamples } from "./selection.js";
import { checkChannels, standardiseOption, standardiser } from "./standardise.js";

const options = Type.Object(
  {
    path: Type.String({
      description:
        "folder of CIFAR-10's binary version: data_batch_1.bin … data_batch_5.bin and test_batch.bin (cifar-10-batches-bin of the archive)",
    }),
    classes: Type.Optional(
      Type.Array(
        Type.Union([
          Type.Integer({ minimum: 0, maximum: classNames.length - 1 }),
          ...classNames.map((name) => Type.Literal(name)),
        ]),
        {
          minItems: 1,
          uniqueItems: true,
          description:
            "classes to use, by label or name, relabelled 0 … K − 1 in this order; default: all ten",
        },
      ),
    ),
    ...countOptions,
    standardise: standardiseOption,
  },
  { additionalProperties: false },
);

type Options = Static<typeof options>;

const filesOf: Readonly<Record<Split, readonly string[]>> = {
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ["test_batch.bin"],
};

/** The examples chosen of a split, before their images are read. */
interface Chosen {
  readonly split: Split;
  readonly files: readonly string[];
  /** Positions over the files one after the other. */
  readonly selection: Selection;
}

export const cifar10 = defineStage({
  name: "data/cifar10",
  summary: "Reads images and labels from the binary version of CIFAR-10",
  options,
  inputs: {},
  outputs: {
    examples: output(
      "examples",
      "the chosen images, 32 × 32 × 3, train before test, in the order of the files",
    ),
  },
  checkOptions: ({ options, place }) => {
    checkChannels(options.standardise, channels, `${place}.with.standardise`);
    checkClasses(options, `${place}.with.classes`);
  },
  check: async ({ options, place, resolvePath }) => {
    const folder = resolvePath(options.path);
    const present = await listFolder(folder, `${place}.with.path`);
    await runAll(
      splitsOf(options).map((split) => async () => {
        const counts = await Promise.all(
          findFiles(folder, present, split, `${place}.with.path`).map(countRecords),
        );
        const count = counts.reduce((sum, records) => sum + records, 0);
        const wanted = options[split];
        if (wanted !== undefined && wanted > count) {
          throw dataErrors.option(
            `${place}.with.${split}`,
            `${split}: ${wanted} examples wanted, ${folder} holds ${count}`,
            `Lower ${split} to at most ${count}.`,
            wanted,
          );
        }
      }),
    );
  },
  plan: async (options, { place, resolvePath }) => {
    const folder = resolvePath(options.path);
    const classes = labelsOf(options);
    const counts: Partial<Record<Split, number>> = {};
    for (const split of splitsOf(options)) {
      const asked = options[split];
      if (asked !== undefined) {
        counts[split] = asked;
        continue;
      }
      const present = await listFolder(folder, `${place}.with.path`);
      const files = findFiles(folder, present, split, `${place}.with.path`);
      const labels = await readLabels(files, new AbortController().signal);
      counts[split] = selectExamples(labels, classes, undefined, split, `${place}.with`).positions.length;
    }
    return dataPlan(counts, [side, side, channels], classes.length);
  },
  run: async (_inputs, outputs, context) => {
    const { options } = context;
    const place = `stages.${context.stage}.with`;
    checkChannels(options.standardise, channels, `${place}.standardise`);
    checkClasses(options, `${place}.classes`);
    const folder = context.resolvePath(options.path);
    const present = await listFolder(folder, `${place}.path`);
    const classes = labelsOf(options);
    const chosen: Chosen[] = [];
    for (const split of splitsOf(options)) {
      const files = findFiles(folder, present, split, `${place}.path`);
      const labels = await readLabels(files, context.signal);
      const selection = selectExamples(labels, classes, options[split], split, `${place}.${split}`);
      chosen.push({ split, files, selection });
    }
    const features = await readImages(chosen, context);
    const label = Int32Array.from(chosen.flatMap(({ selection }) => [...selection.labels]));
    const table = examplesTable([side, side, channels], { classes: classes.map((one) => classNames[one]) });
    await outputs.examples.send(
      table.batch(
        {
          id: Int32Array.from(chosen.flatMap(({ selection }) => [...selection.positions])),
          split: chosen.flatMap(({ split, selection }) =>
            new Array<Split>(selection.positions.length).fill(split),
          ),
          features,
          label,
          clean_label: label,
        },
        label.length,
      ),
    );
  },
});

function labelsOf({ classes }: Options): readonly number[] {
  return (classes ?? classNames).map((one) => (typeof one === "number" ? one : classNames.indexOf(one)));
}

/** A class named by its number and by its name is the same one twice. */
function checkClasses(options: Options, place: string): void {
  const labels = labelsOf(options);
  const repeated = labels.findIndex((label, index) => labels.indexOf(label) !== index);
  if (repeated === -1) return;
  const name = classNames[labels[repeated]];
  throw dataErrors.option(place, `class ${labels[repeated]}, ${name}, is named twice`, "Name it once.", name);
}

function findFiles(
  folder: string,
  present: readonly string[],
  split: Split,
  place: string,
): readonly string[] {
  return filesOf[split].map((name) => {
    if (!present.includes(name)) throw dataErrors.missingFile(folder, `${split} images`, [name], place);
    return join(folder, name);
  });
}

async function readLabels(files: readonly string[], signal: AbortSignal): Promise<readonly number[]> {
  const labels: number[] = [];
  for (const file of files) await readRecords(file, (_, label) => labels.push(label), signal);
  return labels;
}

/** n × 3072 in shared memory; only the chosen images are kept, standardised as they come. */
async function readImages(chosen: readonly Chosen[], context: StageContext<Options>): Promise<Float32Array> {
  const size = side * side * channels;
  const total = chosen.reduce((sum, { selection }) => sum + selection.positions.length, 0);
  const features = new Float32Array(new SharedArrayBuffer(total * size * 4));
  const standardise = standardiser(context.options.standardise, channels);
  const image = new Uint8Array(size);
  let done = 0;
  for (const { files, selection } of chosen) {
    let next = 0;
    let position = 0;
    for (const file of files) {
      if (next === selection.positions.length) break;
      await readRecords(
        file,
        (_, _label, pixels) => {
          if (position === selection.positions[next]) {
            channelsLast(pixels, image);
            standardise(image, features.subarray(done * size, (done + 1) * size));
            next += 1;
            done += 1;
            if (done % 1000 === 0 || done === total) context.progress(done, total, "images");
          }
          position += 1;
        },
        context.signal,
      );
    }
  }
  return features;
}
