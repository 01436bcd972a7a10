import { type Static, Type } from "typebox";

const column = (about: { readonly description: string; readonly default?: string }) =>
  Type.Union([Type.String({ minLength: 1 }), Type.Integer({ minimum: 1 })], about);

/** Options of labels/from-file. A column is its name in the header, or its number from 1. */
export const options = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      examples: ["examples/labels.csv"],
      description: "CSV file in UTF-8 with one label a row",
    }),
    id: column({ default: "id", description: "column of the examples' ids" }),
    label: column({ default: "label", description: "column of the labels" }),
    splitColumn: Type.Optional(
      column({
        description: "column that says train or test; without it all rows are of the option split",
      }),
    ),
    split: Type.Union([Type.Literal("train"), Type.Literal("test")], {
      default: "train",
      description: "the examples that the rows are of, where no column says so",
    }),
    labels: Type.Optional(
      Type.Union([Type.Literal("names"), Type.Literal("numbers")], {
        description:
          "whether labels are names of classes or their numbers from 0; default: names where the examples have them",
      }),
    ),
    missing: Type.Union([Type.Literal("error"), Type.Literal("keep")], {
      default: "error",
      description: "an example without a row, in a split that has rows: error, or keep the label it has",
    }),
    header: Type.Boolean({ default: true, description: "whether the first row names the columns" }),
    separator: Type.String({
      minLength: 1,
      maxLength: 1,
      default: ",",
      description: "what stands between two cells, one character",
    }),
  },
  { additionalProperties: false },
);

export type LabelsOptions = Static<typeof options>;
