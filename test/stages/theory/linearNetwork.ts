import { randomSource } from "../../../engine/random.js";
import { inlineAlgebra } from "../../../engine/spectrum/algebra.js";
import type { TrainingLoss } from "../../../schemas/loss.js";
import { examplesTable, predictionsTable } from "../../../schemas/tables/examples.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { basisBatch } from "../../../stages/jacobian/batches.js";

/** A linear network of K outputs trained on n examples in d dimensions, whose linearisation is itself. */
export const [n, d, K] = [6, 4, 2];
export const learningRate = 0.4;
const random = randomSource("linear network");
const x = Array.from({ length: n }, () => Array.from({ length: d }, () => random.normal()));
export const labels = Int32Array.from({ length: n }, (_, i) => i % K);
const split = (rows: number) => Array.from({ length: rows }, () => "train" as const);
export const examples = examplesTable([d], { classes: ["a", "b"] }).batch(
  {
    id: Int32Array.from({ length: n }, (_, i) => i),
    split: split(n),
    features: Float32Array.from(x.flat()),
    label: labels,
    clean_label: labels,
  },
  n,
);

/** Gradient descent on f(x) = x W, W (d × K) from 0: outputs (n × K) and ‖W‖ at every step up to `steps`. */
function descend(steps: number) {
  const W = new Float64Array(d * K);
  return Array.from({ length: steps + 1 }, () => {
    const outputs = Float64Array.from({ length: n * K }, (_, at) =>
      x[Math.floor(at / K)].reduce((sum, value, axis) => sum + value * W[axis * K + (at % K)], 0),
    );
    const distance = Math.hypot(...W);
    for (let axis = 0; axis < d; axis += 1) {
      for (let k = 0; k < K; k += 1) {
        let gradient = 0;
        for (let i = 0; i < n; i += 1)
          gradient += x[i][axis] * (outputs[i * K + k] - (labels[i] === k ? 1 : 0));
        W[axis * K + k] -= (learningRate / n) * gradient;
      }
    }
    return { outputs, distance };
  });
}

/** The basis of J = X ⊗ I_K with `rank` of its dK vectors. */
export async function jacobianBasis(rank: number) {
  const gram = new Float64Array((n * K) ** 2);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < n; j += 1) {
      const product = x[i].reduce((sum, value, axis) => sum + value * x[j][axis], 0);
      for (let k = 0; k < K; k += 1) gram[(i * K + k) * n * K + j * K + k] = product;
    }
  }
  const { values, vectors } = await inlineAlgebra().symmetricEigen(
    { rows: n * K, columns: n * K, values: gram },
    rank,
  );
  const found = {
    ...{ exact: true, method: "exact", nextSingularValue: 0, residualBounds: new Float64Array(rank) },
    singularValues: values.map(Math.sqrt),
    leftVectors: { ...vectors, values: Float32Array.from(vectors.values) },
    frobeniusSquared: x.flat().reduce((sum, value) => sum + value * value, 0) * K,
  };
  return basisBatch(
    { stage: "svd", step: 0, epoch: 0, split: "train" },
    found,
    Int32Array.from({ length: n }, (_, i) => i),
  );
}

/** The whole run, by step. */
export const run = descend(40);
export const predictionsOf = (step: number, loss: TrainingLoss = "squared") =>
  predictionsTable(K, loss).batch(
    {
      ...{ stage: "train", step, epoch: step, split: "train" as const },
      id: Int32Array.from({ length: n }, (_, i) => i),
      values: Float32Array.from(run[step].outputs),
    },
    n,
  );
export const distancesOf = (step: number) =>
  metrics.batch(
    {
      stage: "train",
      step,
      epoch: step,
      split: "train" as const,
      name: ["parameter_distance"],
      value: Float64Array.of(run[step].distance),
    },
    1,
  );
