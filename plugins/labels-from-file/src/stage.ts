import { defineStage, output, whole } from "jacoflow";
import { joinLabels } from "./join.js";
import { readLabels } from "./labels.js";
import { options } from "./options.js";

export const labelsFromFile = defineStage({
  name: "labels/from-file",
  summary: "Gives examples the labels of a CSV file, joined by id, and keeps the clean ones beside them",
  options,
  inputs: { examples: whole("examples", "examples whose labels are replaced") },
  outputs: {
    examples: output("examples", "the same examples, in the same order, with the labels of the file"),
  },
  check: async ({ options, place, resolvePath }) => {
    await readLabels(resolvePath(options.path), options, `${place}.with`);
  },
  run: async (inputs, outputs, context) => {
    const { options, signal } = context;
    const file = context.resolvePath(options.path);
    const { origin, table } = inputs.examples;
    const given = await readLabels(file, options, `stages.${context.stage}.with`, signal);
    const names = { file, from: `${origin.stage}.${origin.port}` };
    const { batch, changed, kept } = joinLabels(table, given, options, names);
    context.log("info", `${file}: ${given.length} labels, ${changed} of them other than the clean label`);
    if (kept > 0) context.log("warning", `${file} has no label for ${kept} examples, which keep theirs`);
    await outputs.examples.send(batch);
  },
});
