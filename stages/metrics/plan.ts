import { times, type Work, workAt, workOf } from "../../engine/work.js";
import { type PlanContext, type PlannedInput, type StagePlan, storeShare } from "../../pipeline/stage.js";
import { type Split, splits } from "../../schemas/columns.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import {
  type AngleTarget,
  angles,
  defaultProjectionTargets,
  directions,
  type ProjectionTarget,
  projection,
} from "../../schemas/tables/projection.js";
import { nameLength, plannedSize } from "../plannedTable.js";
import type { CutOptions } from "./cut.js";
import { includes, isListed, type JacobianChoice, listedEpochs } from "./selection.js";

interface PlannedBases {
  /** Examples of each split of the Jacobians. */
  readonly counts: readonly { readonly split: Split; readonly rows: number }[];
  readonly epochs: readonly number[];
  /** Left singular vectors of a Jacobian. */
  readonly vectors: number;
  /** Of one Jacobian's batch, the mean over splits. */
  readonly bytes: number;
}

/** The Jacobians of a basis; undefined when they are not known. */
function plannedBases({ examples, classes, epochs, batches, rows, bytes }: PlannedInput) {
  if (examples === undefined || classes === undefined || epochs === undefined) return undefined;
  if (batches === undefined || rows === undefined || bytes === undefined || batches === 0) return undefined;
  const counts = splits.flatMap((split) => {
    const count = examples[split];
    return count === undefined ? [] : [{ split, rows: count * classes }];
  });
  const found: PlannedBases = { counts, epochs, vectors: rows / batches, bytes: bytes / batches };
  return found;
}

/** Dimension of the information space, or the most it can be where only the values decide. Errors: BASIS_TOO_SHORT. */
function rankOf({ rank, cutoff, energy }: CutOptions, { vectors }: PlannedBases): number {
  const asked = cutoff === undefined && energy === undefined ? (rank ?? vectors) : vectors;
  if (asked > vectors) throw spectrumErrors.basisTooShort(`rank ${asked}`, vectors, asked);
  return asked;
}

/** Making a space orthonormal in float64, two passes. */
function spaceWork({ rates }: PlanContext, rows: number, rank: number): Work {
  return workAt(rates.algebra, 4 * rows * rank ** 2);
}

/**
 * Label targets of the chosen Jacobians, and the residual of every evaluation on each. Errors: BASIS_TOO_SHORT,
 * NO_JACOBIAN_AT, RESIDUAL_NEEDS_PREDICTIONS, which the run would end with.
 */
export function planProjection(
  options: CutOptions & {
    readonly targets?: readonly ProjectionTarget[];
    readonly jacobian: JacobianChoice;
  },
  context: PlanContext,
): StagePlan {
  const { inputs, place, rates, memoryLimit } = context;
  const { predictions } = inputs;
  const asked = options.targets?.includes("residual") ?? predictions !== undefined;
  if (asked && predictions === undefined) {
    throw spectrumErrors.residualNeedsPredictions(`${place}.with.targets`);
  }
  const bases = plannedBases(inputs.basis!);
  if (bases === undefined) return {};
  const rank = rankOf(options, bases);
  const { counts, epochs } = bases;
  for (const epoch of listedEpochs(options.jacobian)) {
    if (!epochs.some((present) => isListed([epoch], present))) {
      throw spectrumErrors.noJacobianAt(epoch, counts[0].split, epochs, `${place}.with.jacobian`);
    }
  }
  const chosen = epochs.filter(
    (epoch, index) =>
      isListed(options.jacobian, epoch) ||
      (index === 0 && includes(options.jacobian, "initial")) ||
      (index === epochs.length - 1 && includes(options.jacobian, "final")),
  ).length;
  const labels = (options.targets ?? defaultProjectionTargets).filter((target) => target !== "residual");
  const evaluations = asked ? predictions?.epochs?.length : 0;
  if (evaluations === undefined || (asked && predictions?.examples === undefined)) return {};
  const residuals = (split: Split) => (predictions?.examples?.[split] === undefined ? 0 : evaluations);
  const sum = (of: (part: { readonly split: Split; readonly rows: number }) => number) =>
    chosen * counts.reduce((total, part) => total + of(part), 0);
  const batches = sum(({ split }) => Math.min(1, labels.length) + residuals(split));
  const texts = labels.reduce((total, { length }) => total + length, 0);
  const text = sum(({ split }) => texts + "residual".length * residuals(split));
  const targetRows = sum(({ split }) => labels.length + residuals(split));
  const size = { rows: targetRows, batches, textBytes: nameLength(place) + text / Math.max(1, targetRows) };
  const kept = (bytes: number) => Math.min(bytes, memoryLimit * storeShare);
  const largest = Math.max(...counts.map(({ rows }) => rows));
  return {
    // The space twice in float64 while it is made orthonormal, and what is kept for the residuals.
    memoryBytes:
      16 * largest * rank + (asked ? kept(sum(() => bases.bytes)) + kept(predictions?.bytes ?? 0) : 0),
    work: workOf(
      // Once for the labels, once more for the residuals.
      ...counts.map(({ rows }) => times(chosen * (asked ? 2 : 1), spaceWork(context, rows, rank))),
      workAt(
        rates.algebra,
        sum(({ split, rows }) => (labels.length + residuals(split)) * 4 * rows * rank),
      ),
    ),
    outputs: {
      projection: plannedSize(projection.schema, size),
      directions: plannedSize(directions.schema, { ...size, listNumbers: targetRows * rank }),
    },
  };
}

/** Pairs of Jacobians of each split, and of each Jacobian with the labels. Errors: BASIS_TOO_SHORT. */
export function planAngles(
  options: CutOptions & {
    readonly against: "initial" | "previous" | readonly ("initial" | "previous")[];
    readonly targets: readonly AngleTarget[];
  },
  context: PlanContext,
): StagePlan {
  const bases = plannedBases(context.inputs.basis!);
  if (bases === undefined) return {};
  const rank = rankOf(options, bases);
  const { counts, epochs } = bases;
  const later = Math.max(0, epochs.length - 1);
  // The second Jacobian's previous one is the initial one.
  const pairs = counts.length * ([options.against].flat().length === 1 ? later : Math.max(0, 2 * later - 1));
  const largest = Math.max(...counts.map(({ rows }) => rows));
  const known = options.cutoff === undefined && options.energy === undefined;
  const { examples, basis } = context.inputs;
  const targets = examples === undefined ? [] : options.targets;
  const compared = counts.length * epochs.length;
  const dimensions = Math.min(rank, basis?.classes ?? 0);
  const rows = pairs * rank + compared * targets.length * dimensions;
  const batches = pairs + compared * targets.length;
  const text =
    pairs * rank * "jacobian".length +
    compared * dimensions * targets.reduce((total, { length }) => total + length, 0);
  const size = { rows, batches, textBytes: nameLength(context.place) + text / Math.max(1, rows) };
  return {
    memoryBytes: 8 * rank * (largest + 2 * counts.reduce((sum, { rows }) => sum + rows, 0)),
    work: workOf(
      ...counts.map(({ rows }) => times(epochs.length, spaceWork(context, rows, rank))),
      workAt(context.rates.algebra, pairs * 2 * largest * rank ** 2),
    ),
    outputs: { angles: known ? plannedSize(angles.schema, size) : { batches } },
  };
}
