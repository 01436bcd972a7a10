import { Type } from "typebox";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { typeText } from "../../../pipeline/cli/optionText.js";
import { exampleOf, stageText } from "../../../pipeline/cli/stageText.js";
import type { OptionSchema } from "../../../pipeline/file/sampleValue.js";
import { defineStage, many, optional, output, stream, whole } from "../../../pipeline/stage.js";

const law = suite("stage text");

const stage = defineStage({
  name: "metrics/sample",
  summary: "Measures something.",
  options: Type.Object({
    rank: Type.Integer({ minimum: 1, description: "How many values." }),
    loss: Type.Union([Type.Literal("squared"), Type.Literal("cross-entropy")], {
      default: "squared",
      description: "What is minimised.",
    }),
    schedule: Type.Optional(
      Type.Array(
        Type.Object({ epoch: Type.Number({ description: "When." }), factor: Type.Optional(Type.Number()) }),
        {
          description: "Changes of the learning rate.",
        },
      ),
    ),
  }),
  inputs: {
    examples: whole("examples", "What it is measured on."),
    basis: many(stream("basis", "One for each Jacobian.")),
    parameters: optional(whole("parameters", "Where to start.")),
  },
  outputs: { metrics: output("metrics", "One row an epoch.") },
  run: async () => {},
});

law("shows the summary, every port with its table, every option with type and default", () => {
  const text = stageText(stage, 100);
  for (const part of [
    "Measures something.",
    "examples: examples (whole, before the stage starts)",
    "basis: basis (batch by batch; any number of them)",
    "parameters: parameters (whole, before the stage starts; may be left out)",
    "metrics: metrics\n      One row an epoch.",
    "rank: integer ≥ 1, required\n      How many values.",
    'loss: squared | cross-entropy, default "squared"',
    "schedule: list of { epoch, factor? }",
    "epoch: number, required\n          When.",
  ]) {
    assert.ok(text.includes(part), `${part}\nis missing in\n${text}`);
  }
});

law("the example names the stage, where its inputs come from and what must be given", () => {
  assert.is(
    exampleOf(stage),
    "sample: { uses: metrics/sample, from: [ data, svd.basis ], with: { rank: 1 } }\n",
  );
});

law("types are told in words", () => {
  const text = (schema: unknown) => typeText(schema as OptionSchema);
  assert.is(text(Type.Number({ exclusiveMinimum: 0, maximum: 1 })), "number > 0 and ≤ 1");
  assert.is(
    text(Type.Array(Type.Union([Type.Literal("train"), Type.Literal("test")]))),
    "list of (train | test)",
  );
  assert.is(text(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal("full")])), "integer ≥ 1 | full");
  assert.is(text(Type.String()), "text");
});

law.run();
