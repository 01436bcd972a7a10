import type { RecordBatch } from "apache-arrow";
import type { TableName } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { advice } from "../../schemas/tables/advice.js";
import { bound } from "../../schemas/tables/bound.js";
import { density } from "../../schemas/tables/density.js";
import { examplesTable, predictionsTable } from "../../schemas/tables/examples.js";
import { metrics } from "../../schemas/tables/metrics.js";
import { parametersTable } from "../../schemas/tables/parameters.js";
import { angles, directions, projection } from "../../schemas/tables/projection.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";
import { linearised } from "../../schemas/tables/theory.js";

const classes = ["left", "right"];
const counts = { train: 6, test: 4 } as const;
const steps = [0, 2, 4];
const splits: readonly Split[] = ["train", "test"];
const inputs = 3;
const outputs = classes.length;

/** The network that the sample parameters belong to: logistic regression of two classes. */
export const sampleNetwork = {
  input: [inputs],
  layers: [{ type: "dense", name: "head", units: outputs }],
} as const;

const wave = (at: number) => Math.sin(1 + at * 1.7);
const idsOf = (split: Split) => Array.from({ length: counts[split] }, (_, id) => id);

function examples(): readonly RecordBatch[] {
  const rows = splits.flatMap((split) => idsOf(split).map((id) => ({ split, id })));
  const label = Int32Array.from(rows, ({ id }) => id % outputs);
  return [
    examplesTable([inputs], { classes }).batch(
      {
        id: rows.map(({ id }) => id),
        split: rows.map(({ split }) => split),
        features: Float32Array.from({ length: rows.length * inputs }, (_, at) => wave(at)),
        label,
        clean_label: label,
      },
      rows.length,
    ),
  ];
}

function parameters(): readonly RecordBatch[] {
  const table = parametersTable(sampleNetwork);
  return steps.map((step) =>
    table.batch(
      {
        step,
        epoch: step / 2,
        tensor: ["head/kernel", "head/bias"],
        shape: { values: Int32Array.from([inputs, outputs, outputs]), offsets: Int32Array.from([0, 2, 3]) },
        trainable: true,
        values: {
          values: Float32Array.from({ length: (inputs + 1) * outputs }, (_, at) => wave(at + step) / 2),
          offsets: Int32Array.from([0, inputs * outputs, (inputs + 1) * outputs]),
        },
      },
      2,
    ),
  );
}

const eachEvaluation = <Value>(make: (step: number, split: Split) => Value): readonly Value[] =>
  steps.flatMap((step) => splits.map((split) => make(step, split)));

function predictions(): readonly RecordBatch[] {
  const table = predictionsTable(outputs);
  return eachEvaluation((step, split) => {
    const values = Float32Array.from({ length: counts[split] * outputs }, (_, at) => wave(at * (step + 1)));
    return table.batch(
      { stage: "train", step, epoch: step / 2, split, id: idsOf(split), values },
      counts[split],
    );
  });
}

/** Left singular vectors that are coordinate directions: orthonormal, and right in their length. */
function bases(): readonly RecordBatch[] {
  return eachEvaluation((step, split) => {
    const rows = counts[split] * outputs;
    const left = new Float32Array(3 * rows);
    for (let index = 0; index < 3; index += 1) left[index * rows + index] = 1;
    const singular = [4 + step, 2, 1];
    return basis.batch(
      {
        stage: "svd",
        jacobian_step: step,
        epoch: step / 2,
        split,
        index: [1, 2, 3],
        left: { values: left, offsets: Int32Array.from([0, rows, 2 * rows, 3 * rows]) },
        ids: {
          values: Int32Array.from(idsOf(split)),
          offsets: Int32Array.from([0, counts[split], counts[split], counts[split]]),
        },
        singular_value: singular,
        next_singular_value: [2, 1, 0.5],
        energy_share: singular.map((value) => value ** 2 / ((4 + step) ** 2 + 6)),
      },
      3,
    );
  });
}

function spectra(): readonly RecordBatch[] {
  return eachEvaluation((step, split) => {
    const singular = [4 + step, 2, 1];
    return spectrum.batch(
      {
        ...{ stage: "svd", jacobian_step: step, epoch: step / 2, split, index: [1, 2, 3] },
        ...{ singular_value: singular, residual_bound: [0, 0, 0], method: "exact", exact: true },
        energy_share: singular.map((value) => value ** 2 / ((4 + step) ** 2 + 6)),
      },
      3,
    );
  });
}

const measures = () =>
  eachEvaluation((step, split) =>
    metrics.batch(
      { stage: "train", step, epoch: step / 2, split, name: ["loss", "error"], value: [1 / (1 + step), 0.5] },
      2,
    ),
  );

const densities = () =>
  eachEvaluation((step, split) =>
    density.batch(
      {
        ...{ stage: "density", jacobian_step: step, epoch: step / 2, split, index: [1, 2, 3] },
        ...{ kind: ["node", "node", "lump"], singular_value: [4, 2, 1], columns: 4, sweeps: 2 },
        ...{ lower: [4, 1, 0], upper: [4, 4, 1] },
        ...{ count: [1.5, 2, counts[split] * outputs - 3.5], above: [0, 1.5, 3.5] },
        share: [1.5, 2, counts[split] * outputs - 3.5].map((count) => count / (counts[split] * outputs)),
        cumulative: [1.5, 3.5, counts[split] * outputs],
      },
      3,
    ),
  );

const projections = () =>
  eachEvaluation((step, split) =>
    projection.batch(
      {
        ...{
          stage: "project",
          step,
          epoch: step / 2,
          split,
          jacobian_step: 0,
          rank: 2,
          target: ["label", "residual"],
        },
        ...{ cutoff: 2, gap: 2, information_norm: 1, nuisance_norm: 1, information_ratio: Math.SQRT1_2 },
        ...{ nuisance_ratio: Math.SQRT1_2, information_energy: 0.5, pseudo_inverse_norm: 0.3 },
        ...{ random_ratio: Math.sqrt(2 / (counts[split] * outputs)), constant_energy: 0.5 },
      },
      2,
    ),
  );

const directed = () =>
  eachEvaluation((step, split) =>
    directions.batch(
      {
        ...{
          stage: "project",
          step,
          epoch: step / 2,
          split,
          jacobian_step: 0,
          target: ["label", "residual"],
        },
        norm: Math.SQRT2,
        energies: { values: Float32Array.of(0.375, 0.125, 0.25, 0.25), offsets: Int32Array.of(0, 2, 4) },
      },
      2,
    ),
  );

const angle = () =>
  eachEvaluation((step, split) =>
    angles.batch(
      {
        ...{ stage: "angles", jacobian_step: 0, other: "jacobian", other_step: step, split },
        ...{ index: [1, 2], cosine: [1, 0.5] },
      },
      2,
    ),
  );

const linear = () =>
  steps.map((step) =>
    linearised.batch(
      {
        ...{ stage: "linearised", step, epoch: step / 2, split: "train", jacobian_step: 0, rank: 2 },
        ...{ information_measured: 1, information_predicted: 1, nuisance_measured: 1, nuisance_predicted: 1 },
        ...{ distance_measured: step, distance_predicted: step, stability: 0.1 },
      },
      1,
    ),
  );

const bounds = () => [
  bound.batch(
    {
      ...{ stage: "bounds", source: "svd", jacobian_step: 0, epoch: 0, split: "train", target: "label" },
      ...{
        rank: [1, 2],
        alpha: [1.6, 0.8],
        cutoff: [4, 2],
        gamma: 1,
        bias: [0.9, 0.6],
        variance: [0.3, 0.5],
      },
      ...{ bound: [1.2, 1.1], minimum: [false, true], whole_space: Number.NaN, step_size: 1 / 16 },
      ...{ stability: 1, steps: [1, 4], residual_bound: 2, residual_predicted: 1.5, distance_bound: 1 },
      ...{ distance_predicted: 0.5, measured_epoch: 1, measured_error: 0.5 },
    },
    2,
  ),
];

const advices = () => [
  advice.batch(
    {
      ...{ stage: "stopping", split: "train", jacobian_step: 0, rank: 2, threshold: 3, gamma: 0.5 },
      ...{ choice: ["advised", "best", "last"], reason: ["noise-level", "hindsight", "hindsight"] },
      ...{ step: [2, 2, 4], epoch: [1, 1, 2], excess: [2, 2, 1], noise: 0.4, test_error: [0.1, 0.1, 0.3] },
    },
    3,
  ),
];

const makers: Readonly<Record<TableName, () => readonly RecordBatch[]>> = {
  examples,
  parameters,
  predictions,
  metrics: measures,
  spectrum: spectra,
  basis: bases,
  density: densities,
  projection: projections,
  directions: directed,
  angles: angle,
  linearised: linear,
  bound: bounds,
  advice: advices,
};

/**
 * Small batches of a table, the same at every call. They fit each other: six training and four test examples of two
 * classes, a network of them at steps 0, 2 and 4, its predictions and Jacobians there.
 */
export function sampleBatches(table: TableName): readonly RecordBatch[] {
  return makers[table]();
}
