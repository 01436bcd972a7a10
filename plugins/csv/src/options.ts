import { type Static, Type } from "typebox";

const column = Type.Union([Type.String({ minLength: 1 }), Type.Integer({ minimum: 1 })]);
const named = (description: string, examples?: readonly string[]) =>
  Type.Union([...column.anyOf], { description, ...(examples === undefined ? {} : { examples }) });

const standardisations = ["none", "per-feature", "per-example", "unit-norm"] as const;
export type Standardisation = (typeof standardisations)[number];

/** Options of data/csv. A column is its name in the header, or its number from 1. */
export const options = Type.Object(
  {
    path: Type.String({
      minLength: 1,
      examples: ["examples/flowers.csv"],
      description:
        "CSV file in UTF-8 with one example a row; all its rows are training examples unless split or testShare says otherwise",
    }),
    testPath: Type.Optional(
      Type.String({
        minLength: 1,
        description: "a second file with the same columns, whose rows are the test examples",
      }),
    ),
    label: named("column of the class: its name in the header, or its number from 1", ["species"]),
    features: Type.Optional(
      Type.Array(column, {
        minItems: 1,
        uniqueItems: true,
        description:
          "columns of the input, in this order; default: every column that has no other use. All must hold numbers",
      }),
    ),
    id: Type.Optional(
      named("column of the examples' ids, integers unique in their split; default: 0, 1, 2, … down the file"),
    ),
    split: Type.Optional(named("column that says train or test")),
    testShare: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description:
          "instead: round(testShare · n) examples drawn at random, by the run's seed, are the test split",
      }),
    ),
    header: Type.Boolean({
      default: true,
      description: "whether the first row names the columns",
    }),
    separator: Type.String({
      minLength: 1,
      maxLength: 1,
      default: ",",
      description: "what stands between two cells, one character",
    }),
    classes: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description:
          "labels to use, which become classes 0 … K − 1 in this order; rows with another label are passed over. Default: all, numbers ascending or else in the order of their characters",
      }),
    ),
    shape: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        minItems: 1,
        maxItems: 3,
        description: "shape of one input, [height, width, channels] or [d]; default [d]",
      }),
    ),
    standardise: Type.Union(
      standardisations.map((name) => Type.Literal(name)),
      {
        default: "none",
        description:
          "none; per-feature (every column minus its mean over the training examples, divided by its standard deviation over them; 0 where that is 0); per-example (every row minus its mean, divided by its standard deviation); unit-norm (every row divided by its Euclidean norm)",
      },
    ),
  },
  { additionalProperties: false },
);

export type CsvOptions = Static<typeof options>;
