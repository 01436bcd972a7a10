import { defineStage, metrics, output, predictionsTable, stream } from "jacoflow";
import { Type } from "typebox";
import { changedShare, predictedClasses } from "./classes.js";

export const changes = defineStage({
  name: "metrics/template-name",
  summary: "Measures which share of the examples changed their predicted class since the evaluation before",
  options: Type.Object(
    {
      split: Type.Union([Type.Literal("train"), Type.Literal("test"), Type.Literal("both")], {
        default: "both",
        description: "the examples it is measured on: train, test, or both, each by itself",
      }),
    },
    { additionalProperties: false },
  ),
  inputs: { predictions: stream("predictions", "evaluations in the order of training") },
  outputs: {
    metrics: output("metrics", "changed_predictions: from 0 to 1, one a split and evaluation but the first"),
  },
  run: async (inputs, outputs, { stage, options }) => {
    const last = new Map<string, ReadonlyMap<number, number>>();
    // The next batch is delivered when the work on this one is done, and `send` waits for the readers: nothing piles up.
    await inputs.predictions.forEach(async (batch) => {
      const outputCount = batch.schema.fields.find(({ name }) => name === "values")?.type.listSize ?? 0;
      const rows = predictionsTable(outputCount).read(batch);
      for (const split of ["train", "test"] as const) {
        if (options.split !== "both" && options.split !== split) continue;
        const at = rows.split.indexOf(split);
        if (at < 0) continue;
        const now = predictedClasses(rows, outputCount, split);
        const before = last.get(split);
        last.set(split, now);
        if (before === undefined) continue;
        const value = changedShare(before, now);
        const place = { stage, step: Number(rows.step[at]), epoch: rows.epoch[at], split };
        await outputs.metrics.send(metrics.batch({ ...place, name: "changed_predictions", value }, 1));
      }
    });
  },
});
