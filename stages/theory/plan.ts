import { eigenWork, workAt, workOf } from "../../engine/work.js";
import type { PlanContext, StagePlan } from "../../pipeline/stage.js";
import type { Split } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import { theoryErrors } from "../../schemas/errors/theory.js";
import { linearised } from "../../schemas/tables/theory.js";
import { placed } from "../jacobian/placed.js";
import { plannedSpectra, plannedSubset } from "../jacobian/plan.js";
import { nameOf } from "../origin.js";
import { nameLength, plannedSize } from "../plannedTable.js";

/** Operations a second of loops in JavaScript. */
const scriptRate = 1e9;

/** The kernel of n examples, what eigenvalues are taken from, and all its vectors: three n × n matrices. */
export function kernelBytes(examples: number): number {
  return 3 * 8 * examples ** 2;
}

/** Kernels of the splits. Errors: NO_SPLIT, RANK_TOO_LARGE, KERNEL_MEMORY. */
export function planKernel(
  options: { readonly rank: number; readonly split: Split | readonly Split[]; readonly examples?: number },
  context: PlanContext,
): StagePlan {
  const { inputs, place, rates, memoryLimit } = context;
  const counts = plannedSubset(options, context);
  const { classes, shape } = inputs.examples!;
  if (counts === undefined || classes === undefined || shape === undefined) return {};
  const { rank } = options;
  const sizes = Object.values(counts);
  const dimension = shape.reduce((product, side) => product * side, 1);
  for (const n of sizes) {
    if (rank > n * classes) {
      throw placed(spectrumErrors.rankTooLarge(rank, n * classes, n * classes), `${place}.with`);
    }
    if (kernelBytes(n) > memoryLimit) {
      throw theoryErrors.kernelMemory(n, kernelBytes(n), memoryLimit, `${place}.with`);
    }
  }
  const largest = Math.max(...sizes);
  return {
    memoryBytes: kernelBytes(largest) + 8 * largest * classes * rank,
    work: workOf(
      ...sizes.flatMap((n) => [
        workAt(scriptRate, n ** 2 * dimension),
        eigenWork(rates, n, Math.min(n, Math.floor(rank / classes) + 1)),
      ]),
    ),
    outputs: withoutPredictions(plannedSpectra(counts, classes, rank, [0], place, "multiclass-ntk".length)),
  };
}

function withoutPredictions({ spectrum, basis, metrics }: ReturnType<typeof plannedSpectra>) {
  return { spectrum, basis, metrics };
}

/** A row for every evaluation of the train split from the first Jacobian on. Errors: NO_TRAIN_JACOBIAN. */
export function planLinearised({ inputs, place, rates }: PlanContext): StagePlan {
  const basis = inputs.basis!;
  const predictions = inputs.predictions!;
  if (basis.examples === undefined) return {};
  const n = basis.examples.train;
  if (n === undefined) {
    throw theoryErrors.noTrainJacobian(nameOf(basis), place);
  }
  const { classes, batches, rows } = basis;
  const evaluated = predictions.epochs;
  if (basis.epochs === undefined || evaluated === undefined) return {};
  if (classes === undefined || batches === undefined || rows === undefined) return {};
  const count = evaluated.filter((epoch) => epoch >= basis.epochs![0]).length;
  const vectors = rows / batches;
  const size = { rows: count, batches: count, textBytes: nameLength(place) };
  return {
    // The space twice in float64 while it is made orthonormal, and the predictions kept for it.
    memoryBytes: 16 * n * classes * vectors + (predictions.bytes ?? 0),
    work: workOf(
      workAt(rates.algebra, 4 * n * classes * vectors ** 2),
      workAt(rates.algebra, count * 8 * n * classes * vectors),
    ),
    outputs: { linearised: { epochs: evaluated, ...plannedSize(linearised.schema, size) } },
  };
}

/**
 * A batch for the labels and one for the residual of every basis; their rows depend on its singular values. Errors:
 * NO_TRAIN_JACOBIAN.
 */
export function planBounds({ inputs, offers, place, rates }: PlanContext): StagePlan {
  const { predictions } = inputs;
  const targets = predictions === undefined ? 1 : 2;
  let [memoryBytes, work] = [predictions === undefined ? 0 : predictions.bytes, workOf()];
  for (const { examples, classes, batches, rows, origin } of offers.basis ?? []) {
    if (examples === undefined) return {};
    if (examples.train === undefined) throw theoryErrors.noTrainJacobian(nameOf({ origin }), place);
    if (classes === undefined || batches === undefined || rows === undefined) return {};
    const [length, vectors] = [examples.train * classes, rows / batches];
    // The first vectors of each, twice in float64 while they are made orthonormal.
    if (memoryBytes !== undefined) memoryBytes += 16 * length * vectors;
    work = workOf(
      work,
      workAt(rates.algebra, 4 * length * vectors ** 2),
      workAt(rates.algebra, targets * 8 * length * vectors),
    );
  }
  const bound = { batches: targets * (offers.basis ?? []).length };
  return { ...(memoryBytes === undefined ? {} : { memoryBytes }), work, outputs: { bound } };
}
