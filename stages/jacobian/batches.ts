import type { RecordBatch } from "apache-arrow";
import { transposed } from "../../engine/spectrum/blocks.js";
import { effectiveRank, stableRank } from "../../engine/spectrum/ranks.js";
import type { Spectrum } from "../../engine/spectrum/spectrum.js";
import type { Split } from "../../schemas/columns.js";
import { type MetricName, metrics } from "../../schemas/tables/metrics.js";
import { basis, spectrum } from "../../schemas/tables/spectrum.js";

/** What of a spectrum goes into tables, whoever found it. */
export interface FoundSpectrum
  extends Pick<
    Spectrum,
    "exact" | "singularValues" | "nextSingularValue" | "leftVectors" | "residualBounds" | "frobeniusSquared"
  > {
  readonly method: string;
}

/** The Jacobian a batch is about. */
export interface JacobianOccasion {
  readonly stage: string;
  readonly step: number;
  readonly epoch: number;
  readonly split: Split;
}

/** One row a singular value. */
export function spectrumBatch(occasion: JacobianOccasion, found: FoundSpectrum): RecordBatch {
  const { step, ...rest } = occasion;
  const rank = found.singularValues.length;
  return spectrum.batch(
    {
      ...rest,
      jacobian_step: step,
      index: Int32Array.from({ length: rank }, (_, index) => index + 1),
      singular_value: found.singularValues,
      residual_bound: found.residualBounds,
      energy_share: energyShares(found),
      method: found.method,
      exact: found.exact,
    },
    rank,
  );
}

/** One row a left singular vector, the ids of the examples on the first; `table` is one of basis tables. */
export async function basisBatch(
  occasion: JacobianOccasion,
  found: FoundSpectrum,
  ids: Int32Array,
  table: typeof basis = basis,
): Promise<RecordBatch> {
  const { step, ...rest } = occasion;
  const vectors = await transposed(found.leftVectors);
  const rank = vectors.rows;
  const idOffsets = new Int32Array(rank + 1).fill(ids.length);
  idOffsets[0] = 0;
  return table.batch(
    {
      ...rest,
      jacobian_step: step,
      index: Int32Array.from({ length: rank }, (_, index) => index + 1),
      left: {
        values: vectors.values,
        offsets: Int32Array.from({ length: rank + 1 }, (_, row) => row * vectors.columns),
      },
      ids: { values: ids, offsets: idOffsets },
      singular_value: found.singularValues,
      next_singular_value: Float64Array.from(
        found.singularValues,
        (_, index) => found.singularValues[index + 1] ?? found.nextSingularValue,
      ),
      energy_share: energyShares(found),
    },
    rank,
  );
}

/** jacobian_norm, effective_rank and stable_rank. */
export function jacobianMetricsBatch(occasion: JacobianOccasion, found: FoundSpectrum): RecordBatch {
  const values: readonly (readonly [MetricName, number])[] = [
    ["jacobian_norm", Math.sqrt(found.frobeniusSquared)],
    ["effective_rank", effectiveRank(found)],
    ["stable_rank", stableRank(found)],
  ];
  return metrics.batch(
    { ...occasion, name: values.map(([name]) => name), value: values.map(([, value]) => value) },
    values.length,
  );
}

function energyShares({ singularValues, frobeniusSquared }: FoundSpectrum): Float64Array {
  return singularValues.map((value) => value ** 2 / frobeniusSquared);
}
