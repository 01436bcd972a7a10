import { Type } from "typebox";
import { defineStage, output, type StageContext } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { examplesTable } from "../../schemas/tables/examples.js";
import { runAll } from "../check.js";
import { countOptions, dataPlan, splitsOf } from "./counts.js";
import { listFolder } from "./folder.js";
import { type IdxHeader, readIdx, readIdxHeader } from "./idxFile.js";
import { findIdxFiles, type IdxFiles } from "./idxFolder.js";
import { allClasses, type Selection, selectExamples } from "./selection.js";
import { checkChannels, type Standardisation, standardiseOption, standardiser } from "./standardise.js";

const options = Type.Object(
  {
    path: Type.String({
      description:
        "folder with the MNIST-named files train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or .gz",
    }),
    classes: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), {
        minItems: 1,
        uniqueItems: true,
        description:
          "labels to use, relabelled 0 … K − 1 in this order; default: all, which must then be 0 … K − 1",
      }),
    ),
    ...countOptions,
    standardise: standardiseOption,
  },
  { additionalProperties: false },
);

/** What is known of a split before its images are read. */
interface Plan {
  readonly split: Split;
  readonly files: IdxFiles;
  readonly selection: Selection;
  /** Labels in the file, chosen or not. */
  readonly labelCount: number;
}

export const idx = defineStage({
  name: "data/idx",
  summary: "Reads images and labels from IDX files, the format of MNIST and Fashion-MNIST",
  options,
  inputs: {},
  outputs: {
    examples: output("examples", "the chosen images, train before test, in the order of the files"),
  },
  checkOptions: ({ options, place }) => checkChannels(options.standardise, 1, `${place}.with.standardise`),
  check: async ({ options, place, resolvePath }) => {
    const folder = resolvePath(options.path);
    const present = await listFolder(folder, `${place}.with.path`);
    const headers: Partial<Record<Split, IdxHeader>> = {};
    await runAll(
      splitsOf(options).map((split) => async () => {
        const files = findIdxFiles(folder, present, split, `${place}.with.path`);
        const images = await readIdxHeader(files.images, 3);
        const labels = await readIdxHeader(files.labels, 1);
        headers[split] = images;
        if (images.count !== labels.count) {
          throw dataErrors.imagesAndLabels(files.images, images.count, files.labels, labels.count);
        }
        const wanted = options[split];
        if (wanted !== undefined && wanted > images.count) {
          throw dataErrors.option(
            `${place}.with.${split}`,
            `${split}: ${wanted} examples wanted, ${files.images} holds ${images.count}`,
            `Lower ${split} to at most ${images.count}.`,
            wanted,
          );
        }
      }),
    );
    checkShapes(headers, `${place}.with.path`);
  },
  plan: async (options, { place, resolvePath }) => {
    const folder = resolvePath(options.path);
    const present = await listFolder(folder, `${place}.with.path`);
    const counts: Partial<Record<Split, number>> = {};
    let { classes }: { classes?: readonly number[] } = options;
    let shape: readonly number[] = [];
    for (const split of splitsOf(options)) {
      const files = findIdxFiles(folder, present, split, `${place}.with.path`);
      const labels = await readLabels(files.labels, new AbortController().signal);
      classes ??= allClasses(labels, files.labels);
      const selection = selectExamples(labels, classes, options[split], split, `${place}.with.${split}`);
      counts[split] = selection.positions.length;
      shape = [...(await readIdxHeader(files.images, 3)).shape, 1];
    }
    return dataPlan(counts, shape, classes?.length);
  },
  run: async (_inputs, outputs, context) => {
    const { options, signal } = context;
    const folder = context.resolvePath(options.path);
    const place = `stages.${context.stage}.with`;
    checkChannels(options.standardise, 1, `${place}.standardise`);
    const present = await listFolder(folder, `${place}.path`);
    const plans: Plan[] = [];
    let classes: readonly number[] | undefined = options.classes;
    for (const split of splitsOf(options)) {
      const files = findIdxFiles(folder, present, split, `${place}.path`);
      const labels = await readLabels(files.labels, signal);
      const known = classes ?? allClasses(labels, files.labels);
      if (options.classes === undefined) refuseUnknown(labels, known.length, files.labels);
      const selection = selectExamples(labels, known, options[split], split, `${place}.${split}`);
      plans.push({ split, files, selection, labelCount: labels.length });
      classes = known;
    }
    const { features, shape } = await readImages(plans, context);
    const names = (classes ?? []).map(String);
    const label = Int32Array.from(plans.flatMap(({ selection }) => [...selection.labels]));
    const batch = examplesTable(shape, { classes: names }).batch(
      {
        id: Int32Array.from(plans.flatMap(({ selection }) => [...selection.positions])),
        split: plans.flatMap(({ split, selection }) =>
          new Array<Split>(selection.positions.length).fill(split),
        ),
        features,
        label,
        clean_label: label,
      },
      label.length,
    );
    await outputs.examples.send(batch);
  },
});

async function readLabels(file: string, signal: AbortSignal): Promise<Uint8Array> {
  let labels = new Uint8Array();
  await readIdx(
    file,
    1,
    ({ count }) => {
      labels = new Uint8Array(count);
      return (index, item) => {
        labels[index] = item[0];
      };
    },
    signal,
  );
  return labels;
}

/** Only the chosen images are kept, standardised as they come. */
async function readImages(
  plans: readonly Plan[],
  context: StageContext<{ readonly standardise: Standardisation }>,
): Promise<{ readonly features: Float32Array; readonly shape: readonly number[] }> {
  const { options, signal, stage } = context;
  const total = plans.reduce((sum, { selection }) => sum + selection.positions.length, 0);
  const headers: Partial<Record<Split, IdxHeader>> = {};
  let features: Float32Array = new Float32Array();
  let done = 0;
  for (const { split, files, selection, labelCount } of plans) {
    const begin = (header: IdxHeader) => {
      headers[split] = header;
      checkShapes(headers, `stages.${stage}.with.path`);
      if (header.count !== labelCount) {
        throw dataErrors.imagesAndLabels(files.images, header.count, files.labels, labelCount);
      }
      const size = header.shape[0] * header.shape[1];
      if (features.length === 0) features = new Float32Array(new SharedArrayBuffer(total * size * 4));
      const standardise = standardiser(options.standardise, 1);
      let next = 0;
      return (index: number, pixels: Uint8Array) => {
        if (index !== selection.positions[next]) return;
        standardise(pixels, features.subarray(done * size, (done + 1) * size));
        next += 1;
        done += 1;
        if (done % 1000 === 0 || done === total) context.progress(done, total, "images");
      };
    };
    await readIdx(files.images, 3, begin, signal);
  }
  const { shape } = headers.train!;
  return { features, shape: [...shape, 1] };
}

function refuseUnknown(labels: Uint8Array, classes: number, file: string): void {
  const row = labels.findIndex((label) => label >= classes);
  if (row !== -1) throw dataErrors.unknownLabel(file, row, labels[row], classes);
}

function checkShapes({ train, test }: Partial<Record<Split, IdxHeader>>, place: string): void {
  if (train !== undefined && test !== undefined && train.shape.join() !== test.shape.join()) {
    throw dataErrors.imageShapes(train.shape, test.shape, place);
  }
}
