import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { byOption, courseOf, lowestOf, projected } from "../select.js";
import { spread } from "../spread.js";

const share = (run: PaperRun, jacobian: "initial" | "final") =>
  projected(run, { target: "label", jacobian })?.nuisance_ratio;

const lastError = (run: PaperRun) => courseOf(run, "error", "test").at(-1)?.value ?? Number.NaN;

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
  says: "Set-up of figures 5 and 6, with a share of the labels wrong from none to all.",
  write: (runs) =>
    [
      table(
        [
          "wrong labels",
          "‖Π_N y‖/‖y‖, last Jacobian",
          "first Jacobian",
          "test error at the end",
          "lowest",
          "train error",
        ],
        byOption(runs, "noise", "fraction").map(({ value, runs: own }) => [
          value,
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
        claim("so does the test error at the end.", growing(runs, lastError)),
      ].join("\n"),
    ].join("\n\n"),
};
