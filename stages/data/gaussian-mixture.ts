import { type Static, Type } from "typebox";
import { randomSource } from "../../engine/random.js";
import { defineStage, output } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { examplesTable } from "../../schemas/tables/examples.js";
import { dataPlan } from "./counts.js";
import { mixtureCentres, mixtureInputs, toUnitNorm } from "./mixture.js";

const options = Type.Object(
  {
    classes: Type.Integer({ minimum: 2, description: "K, number of classes" }),
    clusters: Type.Integer({ minimum: 1, default: 1, description: "C, clusters of a class" }),
    dimension: Type.Integer({ minimum: 1, description: "d, numbers of an input" }),
    sigma: Type.Number({
      minimum: 0,
      default: 0.1,
      description: "σ: an input is its cluster's centre plus N(0, σ² I / d), so about σ away from it",
    }),
    separation: Type.Number({
      minimum: 0,
      maximum: 2,
      default: 0,
      description: "smallest distance of two centres, which lie on the unit sphere",
    }),
    train: Type.Integer({
      minimum: 1,
      description: "number of training examples, balanced over the clusters",
    }),
    test: Type.Integer({
      minimum: 0,
      default: 0,
      description: "number of test examples of the same clusters; 0: no test split",
    }),
    standardise: Type.Union([Type.Literal("none"), Type.Literal("unit-norm")], {
      default: "none",
      description:
        "none; or unit-norm: every input divided by its Euclidean norm, as the theory's inputs are",
    }),
  },
  { additionalProperties: false },
);

export const gaussianMixture = defineStage({
  name: "data/gaussian-mixture",
  summary: "Draws examples of classes made of Gaussian clusters around unit vectors (paper, Definition 2.4)",
  options,
  inputs: {},
  outputs: {
    examples: output("examples", "the examples, train before test; example i is of class i mod K"),
  },
  checkOptions: ({ options, place }) => checkSeparation(options, `${place}.with.separation`),
  plan: ({ classes, dimension, train, test }) => dataPlan({ train, test }, [dimension], classes),
  run: async (_inputs, outputs, context) => {
    const { options, signal } = context;
    const place = `stages.${context.stage}.with.separation`;
    checkSeparation(options, place);
    const centres = await mixtureCentres(options, randomSource(context.seed("centres")), signal);
    if (centres === undefined) throw separationError(options, place);
    const { classes, dimension, train, test } = options;
    const features = new Float32Array(new SharedArrayBuffer((train + test) * dimension * 4));
    const parts = {
      train: features.subarray(0, train * dimension),
      test: features.subarray(train * dimension),
    };
    for (const split of ["train", "test"] as const) {
      await mixtureInputs(options, centres, randomSource(context.seed(split)), parts[split], signal);
    }
    if (options.standardise === "unit-norm") {
      for (let at = 0; at < features.length; at += dimension)
        toUnitNorm(features.subarray(at, at + dimension));
    }
    const rows = train + test;
    const placeOf = (row: number) => (row < train ? row : row - train);
    const label = Int32Array.from({ length: rows }, (_, row) => placeOf(row) % classes);
    const names = Array.from({ length: classes }, (_, k) => String(k));
    await outputs.examples.send(
      examplesTable([dimension], { classes: names }).batch(
        {
          id: Int32Array.from({ length: rows }, (_, row) => placeOf(row)),
          split: Array.from({ length: rows }, (_, row): Split => (row < train ? "train" : "test")),
          features,
          label,
          clean_label: label,
        },
        rows,
      ),
    );
  },
});

type Options = Static<typeof options>;

/**
 * Of N unit vectors no two can be further apart than those of a regular simplex, √(2N / (N − 1)), nor in so few
 * dimensions that N > d + 1 further than √2 (Rankin 1955).
 */
function checkSeparation(options: Options, place: string): void {
  const centres = options.classes * options.clusters;
  const limit = centres > options.dimension + 1 ? Math.SQRT2 : Math.sqrt((2 * centres) / (centres - 1));
  if (options.separation > limit) throw separationError(options, place);
}

function separationError({ classes, clusters, dimension, separation }: Options, place: string) {
  return dataErrors.option(
    place,
    `${classes * clusters} centres on the unit sphere of R^${dimension} cannot be drawn ${separation} apart`,
    "Lower separation, or raise dimension: random directions of many dimensions are about 1.41 apart.",
    separation,
  );
}
