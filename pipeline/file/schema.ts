import { policies } from "../graph/resolved.js";
import type { EngineName, Stage } from "../stage.js";
import { stageName } from "./form.js";
import { type JsonSchema, optionsByVariant, orVariable, variable, wholeOrVariable } from "./optionsSchema.js";
import { variableName } from "./variables.js";

const path: JsonSchema = { type: "string", minLength: 1 };

/**
 * The JSON Schema (draft 2020-12) of pipeline files, for editors: the keys of a file, and for each `uses` the options
 * that stage declares, with their descriptions, defaults and ranges. What it accepts may still be refused by
 * `validate`, which knows the wiring and the world; what it rejects is always refused.
 */
export function pipelineSchema(
  stages: ReadonlyMap<string, Stage>,
  engines: readonly EngineName[],
): JsonSchema {
  const declared = [...stages].sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "jacoflow pipeline",
    type: "object",
    additionalProperties: false,
    // A file that extends another says only what is different.
    if: { required: ["extends"] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { stages: { additionalProperties: { $ref: "#/$defs/changedStage" } } } },
    else: {
      required: ["name", "stages"],
      properties: { stages: { minProperties: 1, additionalProperties: { $ref: "#/$defs/stage" } } },
    },
    properties: {
      $schema: { type: "string", description: "this schema, for JSON files" },
      extends: {
        description: "pipeline files this one goes on top of, relative to it; null takes away what they have",
        anyOf: [path, { type: "array", items: path }],
        examples: ["base.yaml"],
      },
      variables: {
        type: "object",
        propertyNames: { pattern: variableName.source },
        description:
          "values by name; a name in braces after a dollar sign stands for one anywhere in the file; a map with `by` holds one value for each that the variable named there may have",
        additionalProperties: {
          if: { type: "object", required: ["by"] },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: {
            properties: { by: { type: "string", pattern: variableName.source } },
            minProperties: 2,
          },
        },
        examples: [{ size: "small", epochs: { by: "size", small: 10, full: 100 } }],
      },
      matrix: {
        type: "object",
        properties: {
          include: {
            type: "array",
            items: { type: "object", minProperties: 1 },
            description: "runs besides the product: maps of paths to values",
          },
          exclude: {
            type: "array",
            items: { type: "object", minProperties: 1 },
            description: "runs of the product to leave out: those that have all these values",
          },
        },
        additionalProperties: { type: "array", minItems: 1, description: "the values this path takes" },
        description: "many runs of one file: lists of values by path, every combination a run",
        examples: [{ seed: [1, 2, 3], "stages.network.with.hidden": [[64], [128]] }],
      },
      name: orVariable({
        type: "string",
        pattern: stageName.source,
        description: "of the run and of its folder: lower-case letters, digits, hyphens",
      }),
      seed: orVariable({
        type: "integer",
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: 0,
        description: "every random number of the run is derived from it",
      }),
      engine: orVariable({
        enum: ["auto", ...engines],
        default: "auto",
        description: "what computes; auto takes the fastest there is",
      }),
      plugins: {
        ...wholeOrVariable("array"),
        items: { type: "string", minLength: 1 },
        default: [],
        description: "plugins by name or ./path; they run with your rights",
      },
      stages: {
        ...wholeOrVariable("object"),
        propertyNames: { pattern: stageName.source },
        description: "the graph: stages by name",
      },
    },
    $defs: {
      stage: {
        ...wholeOrVariable("object"),
        required: ["uses"],
        additionalProperties: false,
        properties: {
          uses: orVariable({
            description: "family/name of the stage",
            oneOf: declared.map(([name, { summary }]) => ({ const: name, description: summary })),
          }),
          from: { $ref: "#/$defs/from" },
          with: { description: "options of the stage" },
        },
        allOf: declared.map(([name, stage]) => ({
          if: { properties: { uses: { const: name } }, required: ["uses"] },
          // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
          then: optionsByVariant(stage),
        })),
      },
      changedStage: {
        description: "what is different in a stage of the file that is extended; null removes it",
        anyOf: [
          { type: "null" },
          {
            ...wholeOrVariable("object"),
            additionalProperties: false,
            properties: {
              uses: orVariable({
                description: "family/name of the stage",
                anyOf: [{ enum: declared.map(([name]) => name) }, { type: "null" }],
              }),
              from: { $ref: "#/$defs/from" },
              with: { description: "options of the stage", anyOf: [{ type: ["object", "null"] }, variable] },
            },
          },
        ],
      },
      from: {
        description:
          "where the inputs come from: stage, stage.port, a list of these, or a map from the names of inputs",
        anyOf: [
          { $ref: "#/$defs/offers" },
          { type: "null" },
          {
            type: "object",
            not: { required: ["port"] },
            additionalProperties: { $ref: "#/$defs/offers" },
          },
        ],
      },
      offers: {
        anyOf: [{ $ref: "#/$defs/offer" }, { type: "array", items: { $ref: "#/$defs/offer" } }],
      },
      offer: {
        anyOf: [
          { type: "string", description: "stage or stage.port" },
          {
            type: "object",
            required: ["port"],
            additionalProperties: false,
            properties: {
              port: { type: "string", description: "stage or stage.port" },
              capacity: orVariable({
                type: "integer",
                minimum: 1,
                default: 8,
                description: "batches the edge holds at most",
              }),
              policy: orVariable({
                enum: policies,
                default: "block",
                description: "what a full edge does: make the sender wait, or lose batches",
              }),
            },
          },
        ],
      },
    },
  };
}
