import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { byOption, courseOf, lowestOf, projected } from "../select.js";
import { mean, spread } from "../spread.js";

const share = (run: PaperRun, jacobian: "initial" | "final") =>
  projected(run, { target: "label", jacobian })?.nuisance_ratio;

const lastError = (run: PaperRun) => courseOf(run, "error", "test").at(-1)?.value ?? Number.NaN;

/** ‖y − E[y | true class]‖/‖y‖: what no function of the true class can hold of the labels. */
function beyondClass(run: PaperRun): number {
  const noise = projected(run, { target: "label_noise", jacobian: "initial" });
  const label = projected(run, { target: "label", jacobian: "initial" });
  if (noise === undefined || label === undefined) return Number.NaN;
  return (
    Math.hypot(noise.information_norm, noise.nuisance_norm) /
    Math.hypot(label.information_norm, label.nuisance_norm)
  );
}

/** Per seed: whether a number grows with the share of wrong labels, every step of it. */
export function growing(runs: readonly PaperRun[], of: (run: PaperRun) => number): readonly boolean[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  return seeds.map((seed) => {
    const own = runs
      .filter((run) => run.seed === seed)
      .toSorted(
        (left, right) => Number(left.option("noise", "fraction")) - Number(right.option("noise", "fraction")),
      );
    return own.every((run, at) => at === 0 || of(run) > of(own[at - 1]));
  });
}

export const corruption: Section = {
  name: "figure-7",
  title: "Figure 7: more wrong labels, more of them on the nuisance space",
  says: `Set-up of figures 5 and 6, with a share of the labels wrong from none to all. With K = 3 classes and every label wrong the
true class still says which one it is not, so the labels become more predictable again towards the right; with the paper's
ten classes this hardly shows.`,
  charts: (runs) => {
    const points = (of: (run: PaperRun) => number | undefined) =>
      byOption(runs, "noise", "fraction").map(({ value, runs: own }) => ({
        x: Number(value),
        y: mean(own.map((run) => of(run) ?? Number.NaN)),
      }));
    return [
      {
        key: "figure-7",
        title: "Figure 7: labels on N, and error, by corruption",
        description: "Means over seeds; the table below has the numbers and their spread.",
        x: { label: "share of wrong labels", epochs: false, domain: [0, 1] },
        y: { label: "ratio, share" },
        series: [
          { name: "‖Π_N y‖/‖y‖, last Jacobian", tone: 1, points: points((run) => share(run, "final")) },
          {
            name: "‖Π_N y‖/‖y‖, first Jacobian",
            tone: 1,
            dashed: true,
            points: points((run) => share(run, "initial")),
          },
          { name: "test error, end", tone: 2, points: points(lastError) },
          {
            name: "test error, lowest",
            tone: 2,
            dashed: true,
            points: points((run) => lowestOf(courseOf(run, "error", "test"))?.value),
          },
        ],
      },
    ];
  },
  write: (runs) =>
    [
      table(
        [
          "wrong labels",
          "beyond the true class",
          "‖Π_N y‖/‖y‖, last Jacobian",
          "first Jacobian",
          "test error at the end",
          "lowest",
          "train error",
        ],
        byOption(runs, "noise", "fraction").map(({ value, runs: own }) => [
          value,
          spread(own.map(beyondClass)),
          spread(own.map((run) => share(run, "final"))),
          spread(own.map((run) => share(run, "initial"))),
          spread(own.map(lastError)),
          spread(own.map((run) => lowestOf(courseOf(run, "error", "test"))?.value)),
          spread(own.map((run) => courseOf(run, "error", "train").at(-1)?.value)),
        ]),
      ),
      [
        claim(
          "the share of the labels on the nuisance space of the last Jacobian grows with every step of corruption.",
          growing(runs, (run) => share(run, "final") ?? Number.NaN),
        ),
        claim(
          "up to three quarters of the labels wrong it does.",
          growing(
            runs.filter((run) => Number(run.option("noise", "fraction")) <= 0.75),
            (run) => share(run, "final") ?? Number.NaN,
          ),
        ),
        claim("the test error at the end grows with every step of corruption.", growing(runs, lastError)),
      ].join("\n"),
    ].join("\n\n"),
};
