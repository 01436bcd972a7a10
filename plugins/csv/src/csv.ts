import { defineStage, examplesTable, output, randomSource } from "jacoflow";
import { checkOptions, readColumns, readExamples } from "./examples.js";
import { options } from "./options.js";

export const csv = defineStage({
  name: "data/csv",
  summary: "Reads examples from a CSV file: columns of numbers and a column of labels",
  options,
  inputs: {},
  outputs: {
    examples: output("examples", "the rows, train before test, each in the order of the file"),
  },
  check: async ({ options, place, resolvePath }) => {
    checkOptions(options, `${place}.with`);
    for (const path of [options.path, options.testPath]) {
      if (path !== undefined) await readColumns(resolvePath(path), options, `${place}.with`);
    }
  },
  run: async (_inputs, outputs, context) => {
    const { options, signal } = context;
    const place = `stages.${context.stage}.with`;
    checkOptions(options, place);
    const file = context.resolvePath(options.path);
    const read = await readExamples(options, {
      file,
      testFile: options.testPath === undefined ? undefined : context.resolvePath(options.testPath),
      place,
      random: () => randomSource(context.seed("test split")),
      signal,
    });
    if (read.passedOver > 0) {
      context.log("warning", `${file}: ${read.passedOver} rows of other classes are passed over`);
    }
    const rows = read.labels.length;
    const batch = examplesTable(read.shape, { classes: read.classes }).batch(
      {
        id: read.ids,
        split: Array.from({ length: rows }, (_, row) => (row < read.trainCount ? "train" : "test")),
        features: read.features,
        label: read.labels,
        clean_label: read.labels,
      },
      rows,
    );
    await outputs.examples.send(batch);
  },
});
