import type { Split } from "../../schemas/columns.js";
import type { ProjectionRow } from "../../stages/sinks/report/tables.js";
import type { PaperRun } from "./run.js";

/** What to look for in a run's projections. */
export interface Wanted {
  readonly target: string;
  readonly jacobian: "initial" | "final" | number;
  readonly split?: Split;
  /** Of residuals: the first or the last; default the first. */
  readonly moment?: "first" | "last";
  readonly stage?: string;
}

/** Steps at which a run's Jacobians were taken, ascending. */
export const jacobianSteps = (run: PaperRun, stage?: string): readonly number[] =>
  [
    ...new Set(
      run.projection
        .filter((row) => stage === undefined || row.stage === stage)
        .map((row) => row.jacobian_step),
    ),
  ].sort((left, right) => left - right);

/** One row of a run's projections; undefined where it has none. */
export function projected(run: PaperRun, wanted: Wanted): ProjectionRow | undefined {
  const { target, jacobian, split = "train", moment = "first", stage } = wanted;
  const steps = jacobianSteps(run, stage);
  const step = jacobian === "initial" ? steps[0] : jacobian === "final" ? steps.at(-1) : jacobian;
  const rows = run.projection
    .filter((row) => stage === undefined || row.stage === stage)
    .filter((row) => row.target === target && row.jacobian_step === step && row.split === split)
    .toSorted((left, right) => left.step - right.step);
  return moment === "first" ? rows[0] : rows.at(-1);
}

export interface Moment {
  readonly epoch: number;
  readonly step: number;
  readonly value: number;
}

/** A metric over the epochs. */
export const courseOf = (run: PaperRun, name: string, split: Split, stage?: string): readonly Moment[] =>
  run.metrics
    .filter((row) => row.name === name && row.split === split)
    .filter((row) => stage === undefined || row.stage === stage)
    .toSorted((left, right) => left.step - right.step);

export const lowestOf = (course: readonly Moment[]): Moment | undefined =>
  course.reduce<Moment | undefined>(
    (best, moment) => (best === undefined || moment.value < best.value ? moment : best),
    undefined,
  );

/** Runs by the value of an option, in the order of the values. */
export function byOption(
  runs: readonly PaperRun[],
  stage: string,
  name: string,
): readonly { readonly value: string; readonly runs: readonly PaperRun[] }[] {
  const values = [...new Set(runs.map((run) => String(run.option(stage, name))))];
  values.sort((left, right) => Number(left) - Number(right) || (left < right ? -1 : 1));
  return values.map((value) => ({
    value,
    runs: runs.filter((run) => String(run.option(stage, name)) === value),
  }));
}
