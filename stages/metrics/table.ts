import type { RecordBatch } from "apache-arrow";
import type { InformationSpace, Projection } from "../../engine/spectrum/projection.js";
import type { Split } from "../../schemas/columns.js";
import { directions, type ProjectionTarget, projection } from "../../schemas/tables/projection.js";

/** One row of the projection table. */
export interface ProjectedTarget {
  readonly step: number;
  readonly epoch: number;
  readonly split: Split;
  readonly jacobianStep: number;
  readonly target: ProjectionTarget;
  readonly space: InformationSpace;
  readonly projection: Projection;
  readonly constantEnergy: number;
}

export function projectionBatch(stage: string, rows: readonly ProjectedTarget[]): RecordBatch {
  const numbers = (value: (row: ProjectedTarget) => number) => Float64Array.from(rows, value);
  return projection.batch(
    {
      stage,
      step: rows.map(({ step }) => step),
      epoch: numbers(({ epoch }) => epoch),
      split: rows.map(({ split }) => split),
      jacobian_step: rows.map(({ jacobianStep }) => jacobianStep),
      target: rows.map(({ target }) => target),
      rank: Int32Array.from(rows, ({ space }) => space.rank),
      cutoff: numbers(({ space }) => space.cutoff),
      gap: numbers(({ space }) => space.gap),
      information_norm: numbers((row) => row.projection.informationNorm),
      nuisance_norm: numbers((row) => row.projection.nuisanceNorm),
      information_ratio: numbers((row) => row.projection.informationRatio),
      nuisance_ratio: numbers((row) => row.projection.nuisanceRatio),
      information_energy: numbers((row) => row.projection.informationEnergy),
      pseudo_inverse_norm: numbers((row) => row.projection.pseudoInverseNorm),
      random_ratio: numbers((row) => row.projection.randomRatio),
      constant_energy: numbers((row) => row.constantEnergy),
    },
    rows.length,
  );
}

/** The same targets, at least one and all of one space, along each of its directions. */
export function directionsBatch(stage: string, rows: readonly ProjectedTarget[]): RecordBatch {
  const rank = rows[0].space.rank;
  return directions.batch(
    {
      stage,
      step: rows.map(({ step }) => step),
      epoch: Float64Array.from(rows, ({ epoch }) => epoch),
      split: rows.map(({ split }) => split),
      jacobian_step: rows.map(({ jacobianStep }) => jacobianStep),
      target: rows.map(({ target }) => target),
      norm: Float64Array.from(rows, (row) => row.projection.norm),
      energies: {
        values: Float32Array.from(rows.flatMap((row) => [...row.projection.directionEnergies])),
        offsets: Int32Array.from({ length: rows.length + 1 }, (_, row) => row * rank),
      },
    },
    rows.length,
  );
}
