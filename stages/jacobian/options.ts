import { type Static, Type } from "typebox";
import { splits } from "../../schemas/columns.js";
import { checkpointSeconds } from "../checkpointSeconds.js";

const splitName = Type.Union(splits.map((split) => Type.Literal(split)));

/** Which examples a Jacobian, or a kernel, is of. */
export const subsetOptions = {
  split: Type.Union([splitName, Type.Array(splitName, { minItems: 1, uniqueItems: true })], {
    default: "train",
    description: "train, test, or a list of both: one Jacobian a split",
  }),
  examples: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        "examples of each split, drawn at random once a run; a split that has fewer gives all; default: all",
    }),
  ),
};

export const spectrumOptions = Type.Object(
  {
    rank: Type.Integer({
      minimum: 1,
      description:
        "singular values and left vectors wanted, at most examples × classes and at most the number of trainable parameters",
    }),
    method: Type.Union([Type.Literal("auto"), Type.Literal("block-krylov"), Type.Literal("exact")], {
      default: "auto",
      description:
        "block-krylov: a few passes over the examples; exact: the Gram matrix of the smaller side; auto: the one that is less work and fits the memory limit, and the log says why",
    }),
    ...subsetOptions,
    tolerance: Type.Number({
      default: 1e-4,
      exclusiveMinimum: 0,
      description: "block-krylov stops when the estimated relative error of every value is below it",
    }),
    maxSweeps: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "block-krylov stops after this many passes even so, and the log warns; default: twice what fills the rank, and 8",
      }),
    ),
    blockSize: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "columns multiplied in one pass; default: rank + 25 up to rank 100, above it an eighth of the rank and at least 100",
      }),
    ),
    checkpointSeconds: checkpointSeconds(
      "finished Jacobians, and between two sweeps of block-krylov what it needs to go on with, are written into the run folder",
    ),
    precision: Type.Union([Type.Literal("float32"), Type.Literal("float64")], {
      default: "float32",
      description: "of the Jacobian's rows; float64 goes with exact and is slow",
    }),
  },
  { additionalProperties: false },
);

export type SpectrumStageOptions = Static<typeof spectrumOptions>;

export const densityOptions = Type.Object(
  {
    ...subsetOptions,
    columns: Type.Integer({
      minimum: 1,
      default: 32,
      description:
        "b: columns of the random block to start from; the number N of values above a point is off by about (2N/b)^½",
    }),
    sweeps: Type.Integer({
      minimum: 1,
      default: 16,
      description: "passes over the examples; each adds b nodes, and finer ones",
    }),
    exactUpTo: Type.Integer({
      minimum: 0,
      default: 10_000,
      description:
        "all values are computed when the smaller of examples × classes and parameters is at most this and the Gram matrix fits the memory limit; minutes at the default",
    }),
    checkpointSeconds: checkpointSeconds("finished densities are written into the run folder"),
  },
  { additionalProperties: false },
);

export type DensityStageOptions = Static<typeof densityOptions>;
