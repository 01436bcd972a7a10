import { numberText, ratioText } from "../numberText.js";
import type { Chart } from "./chart.js";
import { type Html, html } from "./html.js";
import type { AdviceRow, ProjectionRow } from "./tables.js";

const chosen = (rows: readonly AdviceRow[], choice: string) => rows.find((row) => row.choice === choice);

/** Excess of the training residual over noise at every evaluation, with the threshold and the advised stop. */
export function excessChart(
  stage: string,
  rows: readonly AdviceRow[],
  projections: readonly ProjectionRow[],
): Chart {
  const [{ rank, jacobian_step, split, threshold }] = rows;
  const points = projections
    .filter((row) => row.target === "residual" && row.split === split)
    .filter((row) => row.jacobian_step === jacobian_step && row.rank === rank)
    .map((row) => {
      const dimension = rank / row.random_ratio ** 2;
      const ratio = row.information_norm / row.nuisance_norm;
      return { x: row.epoch, y: ratio ** 2 * (dimension / rank - 1) };
    });
  const advised = chosen(rows, "advised");
  return {
    key: `${stage}-excess`,
    title: "Excess of the training residual over noise",
    description: `(‖Π_I r‖²/r) / (‖Π_N r‖²/(nK − r)) over epochs; the threshold is ${numberText(threshold)}, and the stop advised after epoch ${numberText(advised?.epoch)}.`,
    x: { label: "epoch", epochs: true },
    y: { label: "excess", logarithmic: true },
    series: [{ name: "excess", tone: 3, points }],
    levels: [{ y: threshold, name: `threshold, ${numberText(threshold)}` }],
    marks:
      advised === undefined
        ? []
        : [
            {
              ...{ x: advised.epoch, y: advised.excess, tone: 3 },
              text: `stop after ${numberText(advised.epoch)}`,
            },
          ],
  };
}

const names: Readonly<Record<string, string>> = {
  advised: "advised, by the training residuals alone",
  best: "least test error, with hindsight",
  last: "end of the run",
};

/** The advised stop beside the best and the last. */
export function adviceTable(rows: readonly AdviceRow[]): Html {
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr><th scope="col">stop</th><th scope="col">epoch</th><th scope="col">excess</th><th scope="col">test error</th></tr></thead>
<tbody>
${rows.map(
  (row) =>
    html`<tr><th scope="row">${names[row.choice] ?? row.choice}</th><td>${numberText(row.epoch)}</td><td>${numberText(row.excess)}</td><td>${ratioText(row.test_error)}</td></tr>\n`,
)}</tbody>
</table></div>
`;
}

/** The advice in a sentence. */
export function adviceFinding(rows: readonly AdviceRow[]): readonly string[] {
  const [advised, best, last] = ["advised", "best", "last"].map((choice) => chosen(rows, choice));
  if (advised === undefined) return [];
  const why =
    advised.reason === "noise-level"
      ? "what is left of the residual on the information space is no more than noise would leave there"
      : "the residual on the information space is nearest to noise, though not down to it";
  const worth =
    best === undefined || last === undefined
      ? ""
      : `, where the test error, which was not looked at, is *${ratioText(advised.test_error)}*: ${ratioText(best.test_error)} at best and ${ratioText(last.test_error)} at the end`;
  return [
    `The training residuals alone advise to stop after epoch *${numberText(advised.epoch)}*: there ${why} (excess ${numberText(advised.excess)}, threshold ${numberText(advised.threshold)})${worth}.`,
  ];
}
