import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  type CurvePoint,
  curvePoints,
  defineStage,
  type InputStream,
  lossless,
  many,
  optional,
  stream,
} from "jacoflow";
import { Type } from "typebox";
import { BegunFiles, EventFiles, type WallTime } from "./eventFile.js";
import {
  angleHistograms,
  type HistogramReader,
  noHistograms,
  parameterHistograms,
  spectrumHistograms,
} from "./histograms.js";

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

/** What each table is drawn as besides curves. */
const histogramsOf = {
  metrics: noHistograms,
  spectrum: spectrumHistograms,
  projection: noHistograms,
  angles: angleHistograms,
  parameters: parameterHistograms,
} as const satisfies Record<string, () => HistogramReader>;

/** Points that are written between two turns of the event loop. */
const pointsPerSlice = 1000;

/** The TensorBoard run of a curve's point. */
const runOf = ({ split, jacobianStep }: CurvePoint): string =>
  jacobianStep === undefined ? split : `${split}/jacobian-${jacobianStep}`;

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
    const begun = await BegunFiles.open(join(context.checkpointFolder, "files"));
    const keep = async (table: keyof typeof histogramsOf, input: InputStream) => {
      const files = new EventFiles(join(base, table, input.origin.stage), wallTimes[wallTime], begun);
      const histograms = histogramsOf[table]();
      try {
        await input.forEach(async (batch) => {
          for (const [at, point] of curvePoints(batch).entries()) {
            if (at % pointsPerSlice === pointsPerSlice - 1) await setImmediate();
            await files.append(runOf(point), point.step, [{ tag: point.name, scalar: point.value }]);
          }
          const points = await histograms.read(batch);
          for (const { run, step, values } of points) await files.append(run, step, values);
        });
        for (const { run, step, values } of histograms.last()) await files.append(run, step, values);
      } finally {
        await files.close();
      }
    };
    const names = Object.keys(histogramsOf) as (keyof typeof histogramsOf)[];
    await Promise.all(names.flatMap((table) => inputs[table].map((input) => keep(table, input))));
  },
});
