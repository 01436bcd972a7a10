import type { Split } from "../../../schemas/columns.js";
import { numberText } from "../../../stages/sinks/numberText.js";
import type { Chart } from "../../../stages/sinks/report/chart.js";
import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { byOption, courseOf, jacobianSteps, lowestOf, projected } from "../select.js";
import { mean, spread } from "../spread.js";

const spaces = ["information", "nuisance"] as const;

/** Step of the Jacobian nearest to the lowest test error. */
export function bestStep(run: PaperRun): number {
  const best = lowestOf(courseOf(run, "error", "test"));
  const steps = jacobianSteps(run);
  return steps.reduce((near, step) =>
    Math.abs(step - (best?.step ?? 0)) < Math.abs(near - (best?.step ?? 0)) ? step : near,
  );
}

/** ‖Π r_t‖/√n of a run's residual at an epoch, on one of its Jacobians. */
export function part(
  run: PaperRun,
  jacobian: number,
  split: Split,
  epoch: number,
  space: (typeof spaces)[number],
): number {
  const row = run.projection.find(
    (each) =>
      each.target === "residual" &&
      each.jacobian_step === jacobian &&
      each.split === split &&
      each.epoch === epoch,
  );
  if (row === undefined) return Number.NaN;
  // nK = r / random_ratio²; the count of examples cancels out of every comparison but is what makes splits comparable.
  const rows = row.rank / row.random_ratio ** 2;
  return row[`${space}_norm`] / Math.sqrt(rows);
}

const epochsOf = (run: PaperRun): readonly number[] => {
  const last = courseOf(run, "error", "train").at(-1)?.epoch ?? 0;
  return [0, 1, 3, 10, 30, 60, 100, 200, 400, 800].filter((epoch) => epoch <= last);
};

function courseTable(runs: readonly PaperRun[], split: Split, which: "initial" | "best" | "final"): string {
  const stepOf = (run: PaperRun) =>
    which === "best" ? bestStep(run) : (jacobianSteps(run).at(which === "initial" ? 0 : -1) ?? 0);
  const rows = epochsOf(runs[0]).map((epoch) => [
    numberText(epoch),
    ...spaces.map((space) => spread(runs.map((run) => part(run, stepOf(run), split, epoch, space)))),
    spread(runs.map((run) => courseOf(run, "error", split).find((moment) => moment.epoch === epoch)?.value)),
  ]);
  return table(["epoch", "‖Π_I r‖/√(nK)", "‖Π_N r‖/√(nK)", `${split} error`], rows);
}

function angles(runs: readonly PaperRun[]): string {
  const rows = jacobianSteps(runs[0])
    .slice(1)
    .map((step) => {
      const cosines = runs.map((run) => {
        const own = run.angles.filter(
          (row) => row.split === "train" && row.jacobian_step === step && row.other_step === 0,
        );
        return own.reduce((sum, row) => sum + row.cosine ** 2, 0) / own.length;
      });
      const ratio = (target: string) =>
        spread(runs.map((run) => projected(run, { target, jacobian: step })?.information_ratio));
      const epoch = runs[0].spectrum.find((row) => row.jacobian_step === step)?.epoch;
      return [numberText(epoch), spread(cosines), ratio("label"), ratio("clean_label"), ratio("label_noise")];
    });
  return table(
    ["epoch", "mean cos² to the first space", "‖Π_I y‖/‖y‖", "clean labels", "unpredictable noise"],
    rows,
  );
}

const startOf = (run: PaperRun) => jacobianSteps(run)[0];

function claims(clean: readonly PaperRun[], noisy: readonly PaperRun[]): string {
  const fall = (run: PaperRun, space: (typeof spaces)[number], epoch: number) =>
    part(run, startOf(run), "train", epoch, space) / part(run, startOf(run), "train", 0, space);
  const last = (run: PaperRun) => courseOf(run, "error", "train").at(-1)?.epoch ?? 0;
  const rise = (run: PaperRun) => {
    const best = lowestOf(courseOf(run, "error", "test"))?.epoch ?? 0;
    const at = (epoch: number) => part(run, bestStep(run), "test", epoch, "nuisance");
    return at(last(run)) - at(best);
  };
  const cost = (run: PaperRun) => {
    const course = courseOf(run, "error", "test");
    return (course.at(-1)?.value ?? Number.NaN) - (lowestOf(course)?.value ?? Number.NaN);
  };
  return [
    claim(
      "the training residual falls faster on the information space than on the nuisance space (by epoch 3, first Jacobian).",
      [...clean, ...noisy].map((run) => fall(run, "information", 3) < fall(run, "nuisance", 3)),
    ),
    claim(
      `with half of the labels wrong the test residual on the nuisance space of the best epoch's Jacobian is larger at the end than at the best epoch (by ${spread(noisy.map(rise))} in ‖Π_N r‖/√(nK)).`,
      noisy.map((run) => rise(run) > 0),
    ),
    claim(
      `with half of the labels wrong the test error is lowest before the end, so early stopping helps by more than 0.01 (by ${spread(noisy.map(cost))}).`,
      noisy.map((run) => cost(run) > 0.01),
    ),
    claim(
      `with clean labels training to the end costs less than 0.01 of test error (it costs ${spread(clean.map(cost))}).`,
      clean.map((run) => cost(run) < 0.01),
    ),
  ].join("\n");
}

export const residuals: Section = {
  name: "figures-5-6",
  title: "Figures 5 and 6: the residual on both spaces over the epochs",
  says: `The paper: ResNet20, the last Jacobian with clean labels (figure 5), that of the epoch of the lowest test error with
half of the labels wrong (figure 6). Here the Jacobians of several epochs, and that nearest to the lowest test error.`,
  small: `An MLP 3072-128-64-3 on 1,500 images of three classes, which fits them all in 100 epochs as the paper's network does in its
400, and not a ResNet20, which does not in minutes.`,
  charts: (runs) =>
    byOption(runs, "noise", "fraction").flatMap(({ value, runs: own }) =>
      (["train", "test"] as const).map((split): Chart => {
        const which = value === "0" ? "final" : "best";
        const stepOf = (run: PaperRun) =>
          which === "best" ? bestStep(run) : (jacobianSteps(run).at(-1) ?? 0);
        const epochs = courseOf(own[0], "error", split).map(({ epoch }) => epoch);
        const points = (of: (run: PaperRun, epoch: number) => number | undefined) =>
          epochs.map((epoch) => ({ x: epoch, y: mean(own.map((run) => of(run, epoch) ?? Number.NaN)) }));
        const space = (name: (typeof spaces)[number]) =>
          points((run, epoch) => part(run, stepOf(run), split, epoch, name));
        return {
          key: `figure-${value === "0" ? 5 : 6}-${split}`,
          title: `Figure ${value === "0" ? "5: clean labels" : "6: half wrong"}, ${which} Jacobian, ${split}`,
          description:
            "Means over seeds of the residual's parts and the error; the tables have numbers and spread.",
          x: { label: "epoch", epochs: true },
          y: { label: "‖Πr‖/√(nK), error" },
          series: [
            { name: "residual on the information space", tone: 1, points: space("information") },
            { name: "residual on the nuisance space", tone: 2, points: space("nuisance") },
            {
              name: `${split} error`,
              tone: 3,
              dashed: true,
              points: points(
                (run, epoch) => courseOf(run, "error", split).find((at) => at.epoch === epoch)?.value,
              ),
            },
          ],
        };
      }),
    ),
  write: (runs) => {
    const [clean, noisy] = [0, 0.5].map((fraction) =>
      runs.filter((run) => run.option("noise", "fraction") === fraction),
    );
    return [
      claims(clean, noisy),
      ...byOption(runs, "noise", "fraction").flatMap(({ value, runs: own }) => [
        ...(["initial", "best", "final"] as const).flatMap((which) =>
          (["train", "test"] as const).map(
            (split) =>
              `<details><summary>${value === "0" ? "Clean labels" : "Half wrong"}, ${which} Jacobian, ${split}</summary>\n\n${courseTable(own, split, which)}\n\n</details>`,
          ),
        ),
        `How the information space turns, and towards what (${value} of the labels wrong):\n\n${angles(own)}`,
      ]),
    ].join("\n\n");
  },
};
