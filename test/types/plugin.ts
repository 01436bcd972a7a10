// Compiled, never run: what TypeScript has to know of a plugin and of what the package keeps to itself.
import {
  defineArchitecture,
  defineLabelNoise,
  defineLayers,
  definePlugin,
  defineStage,
  JacoflowError,
  output,
  type Plugin,
  whole,
} from "jacoflow";
// @ts-expect-error: as it is in its compiled form
import type { Stage as Compiled } from "jacoflow/dist/pipeline/stage.js";
// @ts-expect-error: the house behind the public face is closed
import type { Stage } from "jacoflow/pipeline/stage.js";
import { Type } from "typebox";
import { holds, type Same } from "./same.js";

export type Closed = Stage | Compiled;

const reader = defineStage({
  name: "data/mine",
  summary: "Reads mine.",
  options: Type.Object({ path: Type.String({ description: "where" }) }),
  inputs: {},
  outputs: { examples: output("examples", "read") },
  run: async (_inputs, _outputs, { options }) => holds<Same<typeof options, { path: string }>>(),
});
const measure = defineStage({
  name: "metrics/mine",
  replaces: "metrics/projection",
  summary: "Measures.",
  options: Type.Object({}),
  inputs: { examples: whole("examples", "read") },
  outputs: { metrics: output("metrics", "measured") },
  run: async () => undefined,
});

const width = Type.Object({ width: Type.Integer({ description: "of the hidden layer" }) });
const architecture = defineArchitecture({
  summary: "One hidden layer.",
  options: width,
  network: (options, { input, classes }) => {
    holds<Same<typeof options, { width: number }>>();
    return { input, layers: [{ type: "dense", name: "out", units: classes }] };
  },
});
const noise = defineLabelNoise({
  summary: "None.",
  options: Type.Object({ up: Type.Optional(Type.Number({ description: "a probability" })) }),
  law: (options, classes) => {
    holds<Same<typeof options, { up?: number }>>();
    return Array.from({ length: classes }, () => [1]);
  },
});
const layers = defineLayers({
  summary: "One.",
  options: width,
  layers: (options) => {
    holds<Same<typeof options, { width: number }>>();
    return [{ type: "dense", units: options.width }];
  },
});
// @ts-expect-error: layers are a list
defineLayers({ summary: "s", options: width, layers: () => ({ type: "flatten" }) });
// @ts-expect-error: a network is an object
defineArchitecture({ summary: "s", options: width, network: () => "mlp" });
// @ts-expect-error: a law is rows of numbers
defineLabelNoise({ summary: "s", options: width, law: () => [1, 0] });
// @ts-expect-error: an architecture has options, if none
definePlugin({ name: "mine", api: 1, architectures: { a: { summary: "s", network: () => ({}) } } });

const plugin = definePlugin({
  name: "mine",
  api: 1,
  stages: [reader, measure],
  architectures: { mine: architecture },
  labelNoises: { mine: noise },
  layers: { mine: layers },
});
holds<Same<typeof plugin, Plugin>>();

// @ts-expect-error: it says which API it was written for
definePlugin({ name: "mine", stages: [] });
// @ts-expect-error: there is no other API yet
definePlugin({ name: "mine", api: 2 });
// @ts-expect-error: it has a name
definePlugin({ api: 1 });
// @ts-expect-error: a stage has ports
definePlugin({ name: "mine", api: 1, stages: [{ name: "a/b", summary: "s", options: Type.Object({}) }] });
// @ts-expect-error: what was declared is not changed
plugin.name = "yours";

// @ts-expect-error: a kind of error decides the exit code
new JacoflowError({ code: "MINE", kind: "mine", message: "m" });
// @ts-expect-error: every error has a code
new JacoflowError({ kind: "run", message: "m" });
