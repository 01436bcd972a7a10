// Replaces jacobian/spectrum: all values from the eigenpairs of J Jᵀ, no Krylov method. The pipeline file stays as it is:
// `jacoflow run examples/quickstart.yaml --plugins ./plugins/exact-spectrum.js`
import {
  basis,
  checkClasses,
  definePlugin,
  defineStage,
  JacoflowError,
  metrics,
  output,
  predictionsTable,
  readExamples,
  readSnapshot,
  spectrum,
  stream,
  whole,
} from "jacoflow";
import { Type } from "typebox";

const split = Type.Union([Type.Literal("train"), Type.Literal("test")]);

const exactSpectrum = defineStage({
  name: "jacobian/exact-spectrum",
  replaces: "jacobian/spectrum",
  summary: "Computes singular values of the Jacobian from the eigenpairs of its Gram matrix",
  options: Type.Object(
    {
      rank: Type.Integer({
        minimum: 1,
        examples: [5],
        description: "singular values and left vectors wanted",
      }),
      split: Type.Union([split, Type.Array(split, { minItems: 1, uniqueItems: true })], {
        default: "train",
        description: "train, test, or a list of both: one Jacobian a split",
      }),
    },
    { additionalProperties: false },
  ),
  inputs: {
    examples: whole("examples", "the rows of J: one an example and class"),
    parameters: stream("parameters", "snapshots: one Jacobian a snapshot and split"),
  },
  outputs: {
    spectrum: output("spectrum", "`rank` rows a Jacobian"),
    basis: output("basis", "`rank` rows a Jacobian"),
    predictions: output("predictions", "outputs on the examples of each Jacobian"),
    metrics: output("metrics", "jacobian_norm, effective_rank, stable_rank"),
  },
  run: async (inputs, outputs, context) => {
    const { stage, options, signal } = context;
    const set = readExamples(inputs.examples.table);
    const asked = [options.split].flat();
    const parts = asked
      .map((name) => set[name])
      .filter((part) => part !== undefined)
      .sort((left, right) => right.split.localeCompare(left.split));
    const engine = await context.engine();
    /** @type {import("jacoflow").Model | undefined} */
    let model;
    try {
      for await (const batch of inputs.parameters) {
        const { step, epoch, network, parameters, loss } = readSnapshot(batch, stage);
        model ??= await engine.open(network);
        checkClasses(set, model.outputs, `stages.${stage}`);
        await model.load(parameters);
        for (const { split, ids, features } of parts) {
          const rank = Math.min(features.rows * model.outputs, model.layout.trainableCount);
          if (options.rank > rank) throw rankTooLarge(stage, options.rank, rank);
          const gram = await model.gram(features, { signal });
          const found = await spectrumOf(engine.algebra, gram, options.rank);
          const occasion = { stage, epoch, split };
          await outputs.spectrum.send(spectrumBatch({ ...occasion, jacobian_step: step }, found));
          await outputs.metrics.send(metricsBatch({ ...occasion, step }, found));
          const { values, rows } = await model.forward(features, { signal });
          const predictions = predictionsTable(model.outputs, loss);
          await outputs.predictions.send(predictions.batch({ ...occasion, step, id: ids, values }, rows));
          await outputs.basis.send(basisBatch({ ...occasion, jacobian_step: step }, found, ids));
        }
      }
    } finally {
      await model?.close();
    }
  },
});

/**
 * @typedef {object} Found
 * @property {Float64Array} values the largest singular values, one more than asked for
 * @property {import("jacoflow").Matrix64} vectors nK × rank + 1
 * @property {number} energy ‖J‖_F²
 * @property {number} rank
 */

/**
 * @param {import("jacoflow").LinearAlgebra} algebra
 * @param {import("jacoflow").Matrix64} gram J Jᵀ
 * @param {number} rank
 * @returns {Promise<Found>}
 */
async function spectrumOf(algebra, gram, rank) {
  let energy = 0;
  for (let row = 0; row < gram.rows; row += 1) energy += gram.values[row * (gram.rows + 1)];
  const { values, vectors } = await algebra.symmetricEigen(gram, Math.min(rank + 1, gram.rows));
  return { values: values.map((value) => Math.sqrt(Math.max(0, value))), vectors, energy, rank };
}

/** Values and shares of energy of both tables, one row a value. */
const columnsOf = (/** @type {Found} */ { values, energy, rank }) => ({
  index: Int32Array.from({ length: rank }, (_, index) => index + 1),
  singular_value: values.slice(0, rank),
  energy_share: values.slice(0, rank).map((value) => value ** 2 / energy),
});

/**
 * @param {{ stage: string, epoch: number, split: "train" | "test", jacobian_step: number }} occasion
 * @param {Found} found
 */
function spectrumBatch(occasion, found) {
  // The rounding of a Gram matrix in float64 moves σ by about ε n σ₁²/σ.
  const rounding = Number.EPSILON * found.vectors.rows * found.values[0] ** 2;
  const columns = columnsOf(found);
  const residual_bound = columns.singular_value.map((value) => (value > 0 ? rounding / value : 0));
  return spectrum.batch(
    { ...occasion, ...columns, residual_bound, method: "exact", exact: true },
    found.rank,
  );
}

/**
 * @param {{ stage: string, epoch: number, split: "train" | "test", jacobian_step: number }} occasion
 * @param {Found} found
 * @param {Int32Array} ids
 */
function basisBatch(occasion, found, ids) {
  const { values, vectors, rank } = found;
  const { rows, columns } = vectors;
  const left = new Float32Array(rank * rows);
  for (let index = 0; index < rank; index += 1) {
    for (let row = 0; row < rows; row += 1) left[index * rows + row] = vectors.values[row * columns + index];
  }
  const offsets = Int32Array.from({ length: rank + 1 }, (_, index) => index * rows);
  return basis.batch(
    {
      ...occasion,
      ...columnsOf(found),
      left: { values: left, offsets },
      ids: { values: ids, offsets: offsets.map((_, index) => (index === 0 ? 0 : ids.length)) },
      next_singular_value: Float64Array.from({ length: rank }, (_, index) => values[index + 1] ?? 0),
    },
    rank,
  );
}

/**
 * @param {{ stage: string, epoch: number, split: "train" | "test", step: number }} occasion
 * @param {Found} found
 */
function metricsBatch(occasion, { values, energy }) {
  const fourthPowers = values.reduce((sum, value) => sum + value ** 4, 0);
  const name = ["jacobian_norm", "effective_rank", "stable_rank"];
  const value = [Math.sqrt(energy), energy ** 2 / fourthPowers, energy / values[0] ** 2];
  return metrics.batch({ ...occasion, name, value }, name.length);
}

/**
 * @param {string} stage
 * @param {number} rank
 * @param {number} largest
 */
function rankTooLarge(stage, rank, largest) {
  return new JacoflowError({
    code: "EXACT_RANK",
    kind: "run",
    message: `rank is ${rank}, but the Jacobian has ${largest} singular values`,
    place: `stages.${stage}.with.rank`,
    value: rank,
    remedy: `Use a rank of at most ${largest}.`,
  });
}

export default definePlugin({ name: "exact-spectrum", api: 1, stages: [exactSpectrum] });
