import { join } from "node:path";
import { defineStage, type InputStream, lossless, many, optional, stream } from "jacoflow";
import { Type } from "typebox";
import { EventFiles, type WallTime } from "./eventFile.js";
import {
  anglesReader,
  metricsReader,
  parametersReader,
  projectionReader,
  type Reader,
  spectrumReader,
} from "./values.js";

const options = Type.Object(
  {
    folder: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "where the event files go, a folder a table and stage; default: `tensorboard` in the run folder. Event files that are there are replaced",
        examples: ["logs/tensorboard"],
      }),
    ),
    wallTime: Type.Union([Type.Literal("step"), Type.Literal("clock")], {
      default: "step",
      description:
        "the time of an event: `step` counts a second a training step, so that the same run leaves the same bytes; `clock` is when it was written",
    }),
  },
  { additionalProperties: false },
);

const wallTimes: Readonly<Record<"step" | "clock", WallTime>> = {
  step: (step) => Number(step),
  clock: () => Date.now() / 1000,
};

const readers = {
  metrics: metricsReader,
  spectrum: spectrumReader,
  projection: projectionReader,
  angles: anglesReader,
  parameters: parametersReader,
} as const satisfies Record<string, () => Reader>;

export const tensorboard = defineStage({
  name: "sink/tensorboard",
  summary: "Writes scalars and histograms as TensorBoard event files while the run goes on",
  options,
  inputs: {
    metrics: optional(lossless(many(stream("metrics", "curves of what was measured")))),
    spectrum: optional(lossless(many(stream("spectrum", "curves and histograms of singular values")))),
    projection: optional(
      lossless(many(stream("projection", "curves of labels and residuals on both spaces"))),
    ),
    angles: optional(lossless(many(stream("angles", "curves and histograms of the angles between spaces")))),
    parameters: optional(lossless(many(stream("parameters", "histograms and norms of the parameters")))),
  },
  outputs: {},
  plan: () => ({ outputs: {} }),
  run: async (inputs, _outputs, context) => {
    const { folder, wallTime } = context.options;
    const base = folder === undefined ? join(context.runFolder, "tensorboard") : context.resolvePath(folder);
    const keep = async (table: keyof typeof readers, input: InputStream) => {
      const files = new EventFiles(join(base, table, input.origin.stage), wallTimes[wallTime]);
      const reader = readers[table]();
      try {
        await input.forEach(async (batch) => {
          for (const { run, step, values } of reader.read(batch)) await files.append(run, step, values);
        });
        for (const { run, step, values } of reader.last()) await files.append(run, step, values);
      } finally {
        await files.close();
      }
    };
    const names = Object.keys(readers) as (keyof typeof readers)[];
    await Promise.all(names.flatMap((table) => inputs[table].map((input) => keep(table, input))));
  },
});
