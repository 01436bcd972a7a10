import { numberText } from "../../../stages/sinks/numberText.js";
import { excessChart } from "../../../stages/sinks/report/advice.js";
import type { AdviceRow } from "../../../stages/sinks/report/tables.js";
import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { courseOf } from "../select.js";
import { confidence, mean } from "../spread.js";

export function choiceOf(run: PaperRun, choice: "advised" | "best" | "last"): AdviceRow {
  const row = run.advice.find((each) => each.choice === choice);
  if (row === undefined) throw new Error(`seed ${run.seed} has no ${choice} stop`);
  return row;
}

const errorAt = (run: PaperRun, epoch: number) =>
  courseOf(run, "error", "test").find((moment) => moment.epoch === epoch)?.value ?? Number.NaN;

/** The one epoch for all runs whose mean test error is least: the first of equals. */
export function bestFixedEpoch(runs: readonly PaperRun[]): number {
  const epochs = courseOf(runs[0], "error", "test").map(({ epoch }) => epoch);
  const cost = (epoch: number) => mean(runs.map((run) => errorAt(run, epoch)));
  return epochs.reduce((best, epoch) => (cost(epoch) < cost(best) ? epoch : best));
}

/** Test error of each of two or more runs at the epoch that is best for the others, as tuning on those would choose. */
export function tunedOnOthers(runs: readonly PaperRun[]): readonly number[] {
  return runs.map((run) => errorAt(run, bestFixedEpoch(runs.filter((other) => other !== run))));
}

/** `0.149 ± 0.034`: a mean with half of its 95 % interval. */
const interval = (values: readonly number[]) =>
  values.length < 2
    ? mean(values).toFixed(3)
    : `${mean(values).toFixed(3)} ± ${confidence(values).toFixed(3)}`;

const differences = (left: readonly number[], right: readonly number[]) =>
  left.map((value, at) => value - right[at]);

/** What a paired difference says: lower or higher where its interval leaves 0 out. */
export function verdict(values: readonly number[], other: string): string {
  const half = confidence(values);
  const text = `${interval(values)} against ${other}`;
  if (mean(values) + half < 0) return `- Lower by more than chance: ${text}.`;
  if (mean(values) - half > 0) return `- **Higher** by more than chance: ${text}.`;
  return `- **No difference** that ${values.length} seeds tell from chance: ${text}.`;
}

export const earlyStopping: Section = {
  name: "early-stopping",
  title: "Early stopping: when to stop, from training residuals alone",
  says: `Half of the labels are wrong. \`advise/stopping\` looks at the training residual on both spaces of the first Jacobian and stops
at the first evaluation where the information space holds no more of it than noise would leave there; it sees no test error and
no clean label. Its one constant, two deviations, is the default and was not tuned. A ± here is half of a 95 % interval
(Student's t) over seeds.`,
  charts: ([run]) => [
    {
      ...excessChart("stopping", run.advice, run.projection),
      key: "early-stopping",
      title: `Excess of the training residual over noise, seed ${run.seed}`,
    },
  ],
  write: (runs) => {
    const errors = (choice: "advised" | "best" | "last") =>
      runs.map((run) => choiceOf(run, choice).test_error);
    const [advised, best, last] = [errors("advised"), errors("best"), errors("last")];
    const fixed = bestFixedEpoch(runs);
    const atFixed = runs.map((run) => errorAt(run, fixed));
    const rows = runs.map((run, at) => {
      const choice = choiceOf(run, "advised");
      return [
        String(run.seed),
        `${numberText(choice.epoch)}${choice.reason === "noise-level" ? "" : " (nearest)"}`,
        numberText(choice.excess),
        advised[at].toFixed(3),
        numberText(choiceOf(run, "best").epoch),
        ...[best[at], atFixed[at], last[at]].map((error) => error.toFixed(3)),
      ];
    });
    const means = ["mean", "", "", interval(advised), "", ...[best, atFixed, last].map(interval)];
    return [
      table(
        [
          "seed",
          "advised epoch",
          "excess there",
          "test error there",
          "best epoch",
          "error there",
          `error at epoch ${numberText(fixed)}`,
          "at the end",
        ],
        [...rows, means],
      ),
      `Epoch ${numberText(fixed)} is the fixed epoch of the least mean test error, chosen with hindsight on these very seeds. "Nearest": the
residual never came down to the threshold, ${numberText(choiceOf(runs[0], "advised").threshold)}, and the least excess is taken.`,
      ...(runs.length < 2
        ? []
        : [
            "Paired differences of the test error at the advised stop:",
            [
              verdict(differences(advised, last), "the end of the run"),
              verdict(differences(advised, atFixed), `epoch ${numberText(fixed)} for all, with hindsight`),
              verdict(
                differences(advised, tunedOnOthers(runs)),
                "the epoch that is best for the other seeds, as tuning on labelled runs would choose it",
              ),
              verdict(differences(advised, best), "the best epoch of each seed, which nobody knows"),
              claim(
                "the advised stop loses less than half of what training to the end loses against the best epoch.",
                runs.map((_, at) => advised[at] - best[at] < 0.5 * (last[at] - best[at])),
              ),
            ].join("\n"),
          ]),
    ].join("\n\n");
  },
};
