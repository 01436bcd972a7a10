// Compiled, never run: what TypeScript has to know of a stage. Each wrong use is one that it must refuse.
import type { RecordBatch } from "apache-arrow";
import {
  defineStage,
  type Engine,
  type InputStream,
  lossless,
  many,
  mapBatches,
  metrics,
  type OutputStream,
  optional,
  output,
  spectrum,
  stream,
  type WholeInput,
  whole,
} from "jacoflow";
import { Type } from "typebox";
import { holds, type Same } from "./same.js";

const stage = defineStage({
  name: "sample/stage",
  summary: "Has a port of every kind.",
  options: Type.Object({
    count: Type.Integer({ description: "how many" }),
    kind: Type.Union([Type.Literal("a"), Type.Literal("b")], { description: "which" }),
    share: Type.Optional(Type.Number({ description: "a part" })),
  }),
  inputs: {
    gathered: whole("examples", "all"),
    streamed: stream("spectrum", "one by one"),
    several: many(stream("metrics", "from everywhere")),
    wholes: many(whole("parameters", "from everywhere")),
    perhaps: optional(stream("predictions", "if there are any")),
    perhapsWhole: optional(whole("basis", "if there is one")),
    kept: lossless(stream("any", "every one")),
  },
  outputs: { measured: output("metrics", "what was measured") },
  async run(inputs, outputs, context) {
    holds<Same<typeof inputs.gathered, WholeInput>>();
    holds<Same<typeof inputs.streamed, InputStream>>();
    holds<Same<typeof inputs.several, readonly InputStream[]>>();
    holds<Same<typeof inputs.wholes, readonly WholeInput[]>>();
    holds<Same<typeof inputs.perhaps, InputStream | undefined>>();
    holds<Same<typeof inputs.perhapsWhole, WholeInput | undefined>>();
    holds<Same<typeof inputs.kept, InputStream>>();
    holds<Same<typeof outputs.measured, OutputStream>>();
    holds<Same<typeof context.options.count, number>>();
    holds<Same<typeof context.options.kind, "a" | "b">>();
    holds<Same<typeof context.options.share, number | undefined>>();
    holds<Same<ReturnType<typeof context.engine>, Promise<Engine>>>();

    // @ts-expect-error: no such input
    inputs.other;
    // @ts-expect-error: no such output
    outputs.other;
    // @ts-expect-error: no such option
    context.options.other;
    // @ts-expect-error: what the runtime gives is only read
    context.stage = "other";
    // @ts-expect-error: an optional input may be missing
    inputs.perhaps.origin;
    // @ts-expect-error: a gathered input is no stream
    await inputs.gathered.forEach(() => {});
    // @ts-expect-error: a batch is sent, not its rows
    await outputs.measured.send([{ value: 1 }]);
    await mapBatches(inputs.streamed, outputs.measured, (batch) => {
      holds<Same<typeof batch, RecordBatch>>();
      const { index, length } = spectrum.read(batch);
      holds<Same<typeof index, Int32Array<ArrayBufferLike>>>();
      holds<Same<typeof length, number>>();
      // @ts-expect-error: no such column
      spectrum.read(batch).indices;
      // @ts-expect-error: columns are missing
      metrics.batch({ value: new Float64Array(length) }, length);
      const columns = { stage: "s", step: 0, epoch: 0, split: ["train"], name: "n" } as const;
      // @ts-expect-error: a number is not written as text
      metrics.batch({ ...columns, value: "1" }, length);
      return metrics.batch({ ...columns, value: 1 }, 1);
    });
  },
  plan: ({ count }) => ({ memoryBytes: count }),
});

holds<Same<typeof stage.inputs.gathered.delivery, "whole">>();
holds<Same<typeof stage.inputs.several.many, true>>();
holds<Same<typeof stage.inputs.perhaps.optional, true>>();
holds<Same<typeof stage.inputs.kept.lossless, true>>();
holds<Same<typeof stage.outputs.measured.table, "metrics">>();

// @ts-expect-error: no such table
whole("example", "misspelt");
// @ts-expect-error: `any` is for inputs
output("any", "anything");
const facts = { name: "a/b", summary: "s", options: Type.Object({}), inputs: {}, outputs: {} };
// @ts-expect-error: a stage has something to run
defineStage({ ...facts });
// @ts-expect-error: and says when it is done
defineStage({ ...facts, run: () => 1 });
// @ts-expect-error: options are an object
defineStage({ ...facts, options: Type.String(), run: async () => undefined });
