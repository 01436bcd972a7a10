import { stat } from "node:fs/promises";
import { Type } from "typebox";
import { defineStage, output } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { examplesTable } from "../../schemas/tables/examples.js";
import { dataPlan } from "./counts.js";
import { checkTableFile } from "./tableFile.js";
import { readTableInThread } from "./tableWorker.js";

const options = Type.Object(
  {
    path: Type.String({
      description:
        "file .parquet or .arrow (IPC, file or stream) with columns id, split (train or test), features (a list of numbers), label and maybe clean_label",
    }),
    shape: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        minItems: 1,
        description:
          "shape of one input, [height, width, channels] or [d]; default: what the file says (metadata shape of features), else [d]",
      }),
    ),
  },
  { additionalProperties: false },
);

/** Bytes of a file that is read for a plan; a larger one is only read by the run. */
const planLimit = 16 * 1024 * 1024;

export const table = defineStage({
  name: "data/table",
  summary: "Reads an examples table from a Parquet or Arrow file",
  options,
  inputs: {},
  outputs: {
    examples: output("examples", "the examples, train before test, each in the order of the file"),
  },
  check: ({ options, resolvePath }) => checkTableFile(resolvePath(options.path)),
  plan: async ({ path, shape: asked }, { resolvePath }) => {
    const file = resolvePath(path);
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || found.size > planLimit) return {};
    const request = asked === undefined ? { file } : { file, shape: asked };
    const read = await readTableInThread(request, new AbortController().signal);
    const counts = { train: read.trainCount, test: read.labels.length - read.trainCount };
    return dataPlan(counts, read.shape, read.classes?.length);
  },
  run: async (_inputs, outputs, context) => {
    const { path, shape } = context.options;
    const file = context.resolvePath(path);
    const read = await readTableInThread(shape === undefined ? { file } : { file, shape }, context.signal);
    const rows = read.labels.length;
    const batch = examplesTable(read.shape, read).batch(
      {
        id: read.ids,
        split: Array.from({ length: rows }, (_, row): Split => (row < read.trainCount ? "train" : "test")),
        features: read.features,
        label: read.labels,
        clean_label: read.cleanLabels,
      },
      rows,
    );
    await outputs.examples.send(batch);
  },
});
