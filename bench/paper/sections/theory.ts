import { numberText } from "../../../stages/sinks/numberText.js";
import { boundCharts, linearisedCharts } from "../../../stages/sinks/report/theory.js";
import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { courseOf } from "../select.js";
import { spread } from "../spread.js";
import { linearisedTable, worstDifference } from "./linearModel.js";

const minima = (run: PaperRun) => run.bound.filter((row) => row.minimum);

function boundTable(runs: readonly PaperRun[]): string {
  const cases = minima(runs[0])
    .filter((row) => row.epoch === 0)
    .map(({ source, target }) => ({ source, target }));
  const rows = cases.map(({ source, target }) => {
    const own = runs.map((run) =>
      minima(run).find((row) => row.source === source && row.target === target && row.epoch === 0),
    );
    const of = (column: "rank" | "alpha" | "gamma" | "bias" | "variance" | "bound" | "whole_space") =>
      spread(own.map((row) => row?.[column]));
    return [
      `${source}, ${target}`,
      ...[of("rank"), of("alpha"), of("gamma"), of("bias"), of("variance"), of("bound"), of("whole_space")],
      spread(runs.map((run) => courseOf(run, "error", "test").at(-1)?.value)),
    ];
  });
  return table(
    [
      "singular vectors, target",
      "rank",
      "α",
      "Γ",
      "bias",
      "variance",
      "sum",
      "whole space",
      "test error, end",
    ],
    rows,
  );
}

/** Rows of the exact bounds that apply (ησ_1² ≤ 1), whatever the cut: measured ‖r_T‖ cannot pass them if linear. */
export function exactBoundsHold(run: PaperRun): boolean {
  const rows = run.bound.filter((row) => row.stability <= 1);
  return (
    rows.length > 0 &&
    rows.every(
      (row) =>
        row.residual_predicted <= row.residual_bound * (1 + 1e-6) &&
        row.distance_predicted <= row.distance_bound * (1 + 1e-6),
    )
  );
}

export const theory: Section = {
  name: "theory",
  title: "Theorems 2.2 and 2.3 on a run",
  says: `The theory's network (softplus, fixed signs in the output) by gradient descent on images of norm 1 with a fifth of the
labels wrong. Bias, variance and their sum are bounds up to a constant that the theorems leave open: only how they compare
means something. The whole-space bound needs all nK vectors.`,
  charts: ([run]) => [
    ...linearisedCharts("linearised", run.linearised).map((chart, at) => ({
      ...chart,
      key: `theory-linearised-${at + 1}`,
      title: ["Residual on both spaces", "Way of the parameters"][at] ?? chart.title,
    })),
    ...boundCharts(
      "bounds",
      run.bound.filter((row) => row.source === "svd" && row.target === "residual" && row.epoch === 0),
    ).map((chart) => ({ ...chart, key: "theory-bounds" })),
  ],
  write: (runs) =>
    [
      `ησ_1² = ${spread(runs.map((run) => run.linearised[0]?.stability))}: above 1 the exact bounds would not apply.`,
      linearisedTable(runs),
      "The cut α and Γ at which each bound is least:",
      boundTable(runs),
      [
        claim(
          `the run follows the network linearised at its start to 5 % of ‖r_0‖ (worst ${numberText(Math.max(...runs.map(worstDifference)))}).`,
          runs.map((run) => worstDifference(run) < 0.05),
        ),
        claim(
          "‖r_T‖ and ‖w_T − w_0‖ of the linearised problem lie below their bounds at every cut and Γ.",
          runs.map(exactBoundsHold),
        ),
        claim(
          "the least sum of bias and variance is below 1, so that it says something even with constant 1.",
          runs.map((run) => Math.min(...minima(run).map((row) => row.bound)) < 1),
        ),
      ].join("\n"),
    ].join("\n\n"),
};
