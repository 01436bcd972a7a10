import { claim, table } from "../markdown.js";
import type { PaperRun } from "../run.js";
import type { Section } from "../section.js";
import { byOption, courseOf, lowestOf } from "../select.js";
import { spread } from "../spread.js";
import { growing } from "./corruption.js";

const distance = (run: PaperRun) => courseOf(run, "parameter_distance", "train").at(-1)?.value ?? Number.NaN;

/** Errors on the training labels as given and on the clean ones, at the epoch where the latter is lowest. */
export function early(run: PaperRun): {
  readonly epoch: number;
  readonly clean: number;
  readonly given: number;
} {
  const best = lowestOf(courseOf(run, "clean_error", "train"));
  const given = courseOf(run, "error", "train").find((moment) => moment.step === best?.step);
  return {
    epoch: best?.epoch ?? Number.NaN,
    clean: best?.value ?? Number.NaN,
    given: given?.value ?? Number.NaN,
  };
}

function write(runs: readonly PaperRun[]): string {
  const noisy = runs.filter((run) => Number(run.option("noise", "fraction")) > 0);
  return [
    table(
      [
        "wrong labels",
        "epoch of the lowest clean error",
        "clean error there",
        "error on given labels there",
        "clean error, end",
        "error on given labels, end",
        "‖w_T − w_0‖",
      ],
      byOption(runs, "noise", "fraction").map(({ value, runs: own }) => [
        value,
        spread(
          own.map((run) => early(run).epoch),
          1,
        ),
        spread(own.map((run) => early(run).clean)),
        spread(own.map((run) => early(run).given)),
        spread(own.map((run) => courseOf(run, "clean_error", "train").at(-1)?.value ?? early(run).clean)),
        spread(own.map((run) => courseOf(run, "error", "train").at(-1)?.value)),
        spread(own.map(distance)),
      ]),
    ),
    [
      claim(
        "at its best the network is closer to the clean labels than the share of wrong ones: it has learnt them against the given ones.",
        noisy.map((run) => early(run).clean < Number(run.option("noise", "fraction"))),
      ),
      claim(
        "there it is nearer to the clean labels than to those it was given.",
        noisy.map((run) => early(run).clean < early(run).given),
      ),
      claim(
        "later it fits wrong labels: the clean error at the end is higher than at its best (by more than 0.01).",
        noisy.map((run) => {
          const last = courseOf(run, "clean_error", "train").at(-1)?.value ?? Number.NaN;
          return last > early(run).clean + 0.01;
        }),
      ),
      claim("‖w_T − w_0‖ grows with every step of noise.", growing(runs, distance)),
    ].join("\n"),
  ].join("\n\n");
}

export const earlyLearning: Section = {
  name: "early-learning",
  title: "Neighbour: clean labels first, and how far the parameters go (arXiv 1903.11680)",
  says: "Set-up of figures 5 and 6 without Jacobians. The clean error is that against the labels before the noise.",
  small: `The theorem wants examples in clusters, each of one class. These images are not: the network that learnt them without noise
errs on a third of the test images (figure 7), so there is little to learn before the wrong labels are memorised.`,
  write,
};

export const earlyLearningFashion: Section = {
  name: "early-learning-fashion",
  title: "Neighbour: clean labels first, on Fashion-MNIST",
  says: "As above with three classes of Fashion-MNIST (1,500 images), which are easily told apart.",
  write,
};
