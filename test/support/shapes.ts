import Type, { type TObject } from "typebox";
import {
  defineStage,
  type InputPorts,
  lossless,
  many,
  type OutputPorts,
  optional,
  output,
  stream,
  whole,
} from "../../pipeline/stage.js";
import { stageMap } from "./pipelines.js";

/** A stage with ports and options, for wiring and checking: it is never run. */
export function shape<I extends InputPorts, O extends OutputPorts, T extends TObject>(
  name: string,
  inputs: I,
  outputs: O,
  options: T,
) {
  const run = () => Promise.reject(new Error(`${name} is a shape only`));
  return defineStage({ name, summary: name, options, inputs, outputs, run });
}

const none = Type.Object({});
const examples = whole("examples", "examples");

/** Stages with the ports of design §2's built-in ones. */
export const shapes = stageMap(
  shape(
    "data/table",
    {},
    { examples: output("examples", "examples") },
    Type.Object({ path: Type.String({ description: "the file" }) }),
  ),
  shape("labels/noise", { examples }, { examples: output("examples", "noisy") }, none),
  shape(
    "network/init",
    { examples: optional(examples) },
    { parameters: output("parameters", "initial") },
    Type.Object({
      hidden: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }))),
      initialisation: Type.Union([Type.Literal("he"), Type.Literal("glorot")], { default: "he" }),
      shape: Type.Optional(
        Type.Union([
          Type.Object({ kind: Type.Literal("round"), radius: Type.Number({ exclusiveMinimum: 0 }) }),
          Type.Object({ kind: Type.Literal("square"), side: Type.Number() }),
        ]),
      ),
    }),
  ),
  shape(
    "train/gradient-descent",
    { examples, parameters: whole("parameters", "to start from") },
    {
      snapshots: output("parameters", "snapshots"),
      predictions: output("predictions", "predictions"),
      metrics: output("metrics", "metrics"),
    },
    Type.Object({
      epochs: Type.Integer({ minimum: 1, default: 10, description: "passes over the examples" }),
      learningRate: Type.Number({ exclusiveMinimum: 0, default: 0.1 }),
      batchSize: Type.Union([Type.Integer({ minimum: 1 }), Type.Literal("full")], { default: 64 }),
      schedule: Type.Array(Type.Object({ epoch: Type.Number(), factor: Type.Number() }), { default: [] }),
    }),
  ),
  shape(
    "jacobian/spectrum",
    { examples, parameters: stream("parameters", "snapshots") },
    {
      spectrum: output("spectrum", "values"),
      basis: output("basis", "vectors"),
      predictions: output("predictions", "of the pass it makes"),
      metrics: output("metrics", "norms"),
    },
    none,
  ),
  shape(
    "metrics/projection",
    { examples, basis: stream("basis", "bases"), predictions: stream("predictions", "predictions") },
    { projection: output("projection", "projections") },
    none,
  ),
  shape(
    "metrics/compare",
    { left: stream("basis", "one"), right: stream("basis", "other") },
    { angles: output("angles", "angles") },
    none,
  ),
  shape(
    "metrics/collect",
    { bases: many(stream("basis", "all of them")) },
    { angles: output("angles", "angles") },
    none,
  ),
  shape("test/echo", { metrics: stream("metrics", "in") }, { metrics: output("metrics", "out") }, none),
  shape("sink/parquet", { tables: lossless(many(stream("any", "what to keep"))) }, {}, none),
  shape("sink/console", { tables: many(stream("any", "what to show")) }, {}, none),
  shape(
    "sink/report",
    { metrics: many(stream("metrics", "curves")), others: optional(many(stream("any", "the rest"))) },
    {},
    none,
  ),
);
