import { numberText } from "../../../stages/sinks/numberText.js";
import type { LinearisedRow } from "../../../stages/sinks/report/tables.js";
import { linearisedCharts } from "../../../stages/sinks/report/theory.js";
import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { spread } from "../spread.js";

/** Rows of the linearised table spread over the run: first, then about doubling, and last. */
export function momentsOf(rows: readonly LinearisedRow[]): readonly number[] {
  const epochs = rows.map((row) => row.epoch);
  return epochs.filter((_, at) => at === 0 || at === epochs.length - 1 || Number.isInteger(Math.log2(at)));
}

/** The largest difference of measured and predicted ‖Π r_t‖, of ‖r_0‖. */
export function worstDifference(run: PaperRun): number {
  const [first] = run.linearised;
  const start = Math.hypot(first.information_measured, first.nuisance_measured);
  return Math.max(
    ...run.linearised.flatMap((row) => [
      Math.abs(row.information_measured - row.information_predicted) / start,
      Math.abs(row.nuisance_measured - row.nuisance_predicted) / start,
    ]),
  );
}

/** Measured beside predicted, as shares of what there was at the start. */
export function linearisedTable(runs: readonly PaperRun[]): string {
  const at = (run: PaperRun, epoch: number) => run.linearised.find((row) => row.epoch === epoch);
  const share = (epoch: number, column: keyof LinearisedRow) => {
    const space = String(column).split("_")[0];
    return spread(
      runs.map((run) => {
        const start = run.linearised[0];
        const whole = Number(start[`${space}_measured` as keyof LinearisedRow]);
        return Number(at(run, epoch)?.[column]) / whole;
      }),
    );
  };
  const rows = momentsOf(runs[0].linearised).map((epoch) => [
    numberText(epoch),
    share(epoch, "information_measured"),
    share(epoch, "information_predicted"),
    share(epoch, "nuisance_measured"),
    share(epoch, "nuisance_predicted"),
    spread(runs.map((run) => at(run, epoch)?.distance_measured)),
    spread(runs.map((run) => at(run, epoch)?.distance_predicted)),
  ]);
  return table(
    [
      "step",
      "‖Π_I r_t‖/‖Π_I r_0‖",
      "predicted",
      "‖Π_N r_t‖/‖Π_N r_0‖",
      "predicted",
      "‖w_t − w_0‖",
      "predicted",
    ],
    rows,
  );
}

export const linearModel: Section = {
  name: "figure-8",
  title: "Figure 8: the linear model",
  says: `A linear model of Gaussian mixtures with half of the labels wrong, by gradient descent: its Jacobian never changes, so the
prediction from the spectrum alone is exact.`,
  charts: ([run]) => [
    {
      ...linearisedCharts("linearised", run.linearised)[0],
      key: "figure-8",
      title: `Figure 8: the linear model, seed ${run.seed}`,
    },
  ],
  write: (runs) =>
    [
      linearisedTable(runs),
      [
        claim(
          "the residual on the information space falls faster than that on the nuisance space.",
          runs.map(({ linearised }) => {
            const [first, last] = [linearised[0], linearised[linearised.length - 1]];
            return (
              last.information_measured / first.information_measured <
              last.nuisance_measured / first.nuisance_measured
            );
          }),
        ),
        claim(
          `measured and predicted agree to 1e-4 of ‖r_0‖ (worst ${numberText(Math.max(...runs.map(worstDifference)))}).`,
          runs.map((run) => worstDifference(run) < 1e-4),
        ),
      ].join("\n"),
    ].join("\n\n"),
};
