import type { Split } from "../../../schemas/columns.js";
import { byStage, type MetricRow } from "./tables.js";

/** A value at an epoch. */
export interface Moment {
  readonly epoch: number;
  readonly value: number;
}

/** The moments of the errors of one training stage that are worth words. */
export interface ErrorCurve {
  readonly stage: string;
  /** Lowest test error, the first of equals. */
  readonly best: Moment | undefined;
  readonly last: Moment | undefined;
  /** Errors against the given training labels. */
  readonly trainFirst: Moment | undefined;
  readonly trainLast: Moment | undefined;
  /** Training errors at the best epoch, when the network is nearer to the clean labels than to the given ones. */
  readonly cleanTrainAtBest:
    | { readonly epoch: number; readonly given: number; readonly clean: number }
    | undefined;
}

/** Finite values of one metric of one stage by epoch. */
export function curveOf(rows: readonly MetricRow[], split: Split, name: string): readonly Moment[] {
  return rows
    .filter((row) => row.split === split && row.name === name && Number.isFinite(row.value))
    .map(({ epoch, value }) => ({ epoch, value }))
    .sort((left, right) => left.epoch - right.epoch);
}

/** The point with the lowest value, the earliest of equals; undefined for an empty curve. */
export function lowest(curve: readonly Moment[]): Moment | undefined {
  return curve.reduce<Moment | undefined>(
    (best, moment) => (best === undefined || moment.value < best.value ? moment : best),
    undefined,
  );
}

/** For every stage with errors, in the order of the file. */
export function errorCurves(metrics: readonly MetricRow[], file?: unknown): readonly ErrorCurve[] {
  return byStage(
    metrics.filter((row) => row.name === "error" || row.name === "clean_error"),
    file,
  ).map(({ stage, rows }) => {
    const test = curveOf(rows, "test", "error");
    const train = curveOf(rows, "train", "error");
    const clean = curveOf(rows, "train", "clean_error");
    const best = lowest(test);
    const given = train.find((moment) => moment.epoch === best?.epoch);
    const known = clean.find((moment) => moment.epoch === best?.epoch);
    return {
      stage,
      best,
      last: test.at(-1),
      trainFirst: train.at(0),
      trainLast: train.at(-1),
      cleanTrainAtBest:
        given !== undefined && known !== undefined && known.value < 0.6 * given.value
          ? { epoch: given.epoch, given: given.value, clean: known.value }
          : undefined,
    };
  });
}
